"""The parts of `make_logs.py`: seeds, a local model API, throw-away environments, accounts and simulated time.

Only the standard library is used, so that the recipe runs before anything is installed.
"""
