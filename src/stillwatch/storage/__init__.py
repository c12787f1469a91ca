"""State that several processes and machines share: limits in Redis."""
