"""An operator who reads this code, and hunts himself before others do."""
