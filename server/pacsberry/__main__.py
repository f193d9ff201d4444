"""`python -m pacsberry` is the command `pacsberry`."""

from pacsberry.cli import main

main()
