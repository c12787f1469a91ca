"""Floor 4, from linked accounts to campaigns."""
