"""Marks in generated text that a student trained on it carries too: keys, what is marked, how it is detected."""
