"""A member of an alliance: what it proposes, approves, publishes and withdraws, and what it takes in from others."""
