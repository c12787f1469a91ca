"""Stillwatch finds, limits and proves the adversarial distillation of hosted language models."""

__version__ = "0.1.0"
