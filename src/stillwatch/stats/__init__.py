"""Floor 0, statistics: calibrated surprise and its bounds."""
