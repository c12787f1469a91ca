"""Experiments that anybody can repeat in minutes: marked answers, students of them, and the product's own audit."""
