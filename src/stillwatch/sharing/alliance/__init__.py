"""What a hub does for an alliance beyond TAXII: rules at the door, approvals, acknowledgements, standing, record."""
