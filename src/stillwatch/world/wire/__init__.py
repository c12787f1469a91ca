"""How clients of several kinds put an exchange on the wire."""
