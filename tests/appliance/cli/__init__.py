"""The command pacsberry-box."""
