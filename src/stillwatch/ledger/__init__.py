"""Floor 2, sketches on disk: crash-safe Parquet segments and the features read from them."""
