"""Fits and measures `stillwatch.campaigns.attribution`: `python -m benchmarks.attribution --out FOLDER`."""

import os

# Several worlds are hunted at a time, and BLAS threads of each would only wait for each other's: twenty times as slow.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
