"""Floor 7, logs into a ledger: `run` reads and commits, `edge` is one worker, `workers` are several."""
