"""The gateway over real sockets on loopback."""
