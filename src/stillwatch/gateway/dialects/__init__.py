"""What the guard knows of each provider's wire format, at a proxy's speed: pure functions of bytes and values."""
