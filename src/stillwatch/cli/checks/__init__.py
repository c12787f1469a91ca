"""The checks of `stillwatch doctor`: each takes plain values and says what it found, why it matters and what to do."""
