"""Simulated populations with known truth, written as exchange logs: honest customers of many kinds, and campaigns."""
