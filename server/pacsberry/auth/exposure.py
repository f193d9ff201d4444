"""The rule that no server starts open to the network by accident (Orthanc 1.13 does the same)."""

from collections.abc import Mapping

from pacsberry.errors import ConfigError


def check_exposure(
    remote_access: bool, authentication: bool, users: Mapping[str, str] | None, has_file: bool
) -> ConfigError | None:
    """The error to end the start with, or None.

    `users` is None when nobody has said who may log in; with a file of accounts the first one is made with a code.
    """
    if remote_access and authentication and users is None and not has_file:
        return ConfigError(
            "RemoteAccessAllowed is true, but nobody can log in: RegisteredUsers is not set. Make an account with "
            "`pacsberry user add NAME --file users.json` and put users.json on the command line, or name a file for "
            "accounts (Pacsberry.UsersFile), of which the first one is made on the sign-in page, or set "
            "RegisteredUsers to {} to let nobody in, or set RemoteAccessAllowed to false."
        )
    return None


def exposure_remarks(
    remote_access: bool, authentication: bool, users: Mapping[str, str] | None, has_file: bool
) -> list[str]:
    """What the log should say about an allowed but risky choice."""
    if remote_access and not authentication:
        return [
            "Security: everybody on the network may read and delete everything over HTTP, because RemoteAccessAllowed "
            "is true and AuthenticationEnabled is false. Only a proxy that asks for passwords makes this safe."
        ]
    if authentication and not users and not has_file:
        return ["Nobody can log in over HTTP: AuthenticationEnabled is true and RegisteredUsers is empty."]
    return []
