"""Floor 1, what happened: exchanges as records, one wire format a file."""
