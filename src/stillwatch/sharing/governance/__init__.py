"""Rules that a lawyer would sign, as code: what may be said between rivals, on whose word, how long, and its record."""
