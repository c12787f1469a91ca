"""Campaigns: what they harvest, how they hide, and the scheduler that deals their work out to accounts."""
