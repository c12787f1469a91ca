"""Floor 8, what people and machines read of a review."""
