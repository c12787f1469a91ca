"""Other ways in for the same decisions: ASGI middleware, LiteLLM, Envoy, log-only."""
