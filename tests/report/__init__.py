"""What the report promises to people and machines."""
