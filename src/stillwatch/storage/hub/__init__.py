"""A hub's store in one SQLite file, which all worker processes open."""
