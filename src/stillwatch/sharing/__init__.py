"""Signals between rival providers: blind tags, STIX objects, and the hub that passes them on."""
