"""Tests of the checks that `stillwatch doctor` makes."""
