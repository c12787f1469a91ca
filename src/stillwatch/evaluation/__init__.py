"""Floor 9, evaluation: detectors side by side on worlds with known truth, with exact bounds on every rate."""
