"""Fits and measures `stillwatch.campaigns.attribution`: `python -m benchmarks.attribution --out FOLDER`."""
