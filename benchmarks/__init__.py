"""How fast and how large: sketching real prompts, hunting a planted world, the example. Run `make bench`."""
