"""Floor 1, logs to exchanges: one file a format."""
