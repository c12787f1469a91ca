"""Settled exchanges on their way from the path to the ledger: never in the path's way, never on disk as text."""
