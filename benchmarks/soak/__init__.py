"""A whole deployment under steady load: whether memory, open files and the disk stay within what the load explains."""
