"""Detectors side by side: Stillwatch's own hunt, and what others do or would do."""
