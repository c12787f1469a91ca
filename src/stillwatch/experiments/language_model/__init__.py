"""The experiment on a real small language model: hours on one core, in pieces that are kept."""
