"""What marks cost in quality, and what they are worth in detection, against the marks that transformers ships."""
