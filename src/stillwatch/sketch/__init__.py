"""Floor 2, what we keep of an exchange: a keyed, content-free record of fixed size."""
