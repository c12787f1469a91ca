"""What our model server says, in the wire formats of three providers: text of the world's generators."""
