"""Experiments that anybody can repeat."""
