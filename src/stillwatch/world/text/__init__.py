"""Texts with real variety, in five languages, from words that this project wrote (CC0-1.0)."""
