"""How much a principal may ask: limits over several levels at once, reserved at admission and settled at the end."""
