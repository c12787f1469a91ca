"""Audits of suspect models."""
