"""The hunt while traffic flows: looks at a growing ledger, verdicts in the journal, and members as they join."""
