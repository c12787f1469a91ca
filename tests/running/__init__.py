"""A deployment as processes."""
