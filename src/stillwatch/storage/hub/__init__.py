"""A hub's store on SQLite or PostgreSQL, which all worker processes open (`opening`)."""
