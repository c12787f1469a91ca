"""Figures: each a function of what a detector said and of what is true, counted by hand in the tests."""
