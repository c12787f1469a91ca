"""Floor 9, the command line: one thin file a command."""
