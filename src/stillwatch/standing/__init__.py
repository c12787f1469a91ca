"""Campaigns over time: who is who from one look to the next, and what may be acted on although one looks again."""
