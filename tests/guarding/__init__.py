"""What every process that holds a gate has in common."""
