"""Marks in real samplers: all of them agree with the reference."""
