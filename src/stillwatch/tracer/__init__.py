"""The hunt while traffic flows: looks at the growing ledger, and verdicts that follow from it."""
