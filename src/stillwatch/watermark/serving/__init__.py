"""Marks put into real samplers: a reference in numpy, and adapters for servers that must agree with it bit by bit."""
