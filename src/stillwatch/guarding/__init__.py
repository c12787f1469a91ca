"""What every process that holds a gate has in common: rules that are read and followed, limits that are shared."""
