"""The command `pacsberry`. This package is empty of imports: the server process goes through it without click."""


def main() -> None:
    """The console script."""
    from pacsberry.cli.main import pacsberry

    pacsberry(prog_name="pacsberry")
