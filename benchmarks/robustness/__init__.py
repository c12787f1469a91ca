"""What is left of a mark when a text is edited, cut, mixed or reworded."""
