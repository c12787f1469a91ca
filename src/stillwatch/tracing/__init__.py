"""Floor 3, behavioural tracing: one file an evidence family."""
