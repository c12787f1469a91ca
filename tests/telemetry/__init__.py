"""Tests of what a running deployment tells its operators."""
