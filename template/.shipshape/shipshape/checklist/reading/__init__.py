"""What the checks read: one kind of file a module."""
