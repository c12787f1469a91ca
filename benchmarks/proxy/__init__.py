"""What the gateway costs beside nginx as reverse proxy, in one run, by CPU time per request."""
