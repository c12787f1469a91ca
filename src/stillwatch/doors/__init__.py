"""Other ways in than the gateway: hosts that already stand in the path ask the same decision core through these."""
