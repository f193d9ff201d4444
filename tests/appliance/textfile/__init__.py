"""pacsberry.txt."""
