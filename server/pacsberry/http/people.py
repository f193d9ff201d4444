"""What the door knows of people where they sign in; built by `app`."""

from dataclasses import dataclass

from pacsberry.auth.registry import Registry
from pacsberry.auth.sessions import Sessions
from pacsberry.auth.setup_code import SetupCode


@dataclass(frozen=True, slots=True)
class People:
    """Accounts, sessions, and the way to the first account."""

    registry: Registry
    sessions: Sessions
    first_account: SetupCode | None  # of a start that found no account, and a file to put one into

    def setup_code(self) -> SetupCode | None:
        """The code for the first account, as long as there is none."""
        code = self.first_account
        return code if code is not None and code.code is not None and self.registry.is_empty else None
