"""One way for commands to work on the storage, whether the server runs or not.

    with house(settings) as client:
        client.request("POST", "/instances", file, length=size)

The running server is asked over its control socket.  Without one, the storage is opened in this process, by the same
parts and with the same routes, and no door but a socket in a folder that only we can enter.
"""

import contextlib
import logging
import os
import pwd
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from pacsberry.config import Settings
from pacsberry.errors import ConfigError, NotAllowed, StorageBusy
from pacsberry.peers.http_client import HttpClient, UnixConnection, connect_unix

HouseClient = HttpClient

_STARTING_SECONDS = 10.0  # a server that starts has the storage before it has its socket
_POLL_SECONDS = 0.2


@contextlib.contextmanager
def house(settings: Settings) -> Iterator[HouseClient]:
    """A client of the server, or of the storage opened here; what it asks for, it asks for as an administrator.

    StorageBusy when another process has the storage and no socket, NotAllowed for the wrong user, ConfigError when
    there is no storage.
    """
    from pacsberry.app.values import control_socket

    path = control_socket(settings)
    deadline = time.monotonic() + _STARTING_SECONDS
    while True:
        if _answers(path):
            with contextlib.closing(HttpClient(UnixConnection(path), name="The server")) as client:
                yield client
            return
        with contextlib.ExitStack() as opened:
            try:
                client = opened.enter_context(_in_this_process(settings))
            except StorageBusy as error:
                if time.monotonic() > deadline:
                    raise StorageBusy(
                        f"{error} It has no control socket: another command works on the storage, or the server runs "
                        "without Pacsberry.ControlSocket. Wait for the one or stop the other: systemctl stop pacsberry"
                    ) from error
            else:
                yield client
                return
        time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def running_server(settings: Settings) -> Iterator[HouseClient | None]:
    """A client of the running server, or None when none listens; NotAllowed for the wrong user."""
    from pacsberry.app.values import control_socket

    path = control_socket(settings)
    if not _answers(path):
        yield None
        return
    with contextlib.closing(HttpClient(UnixConnection(path), name="The server")) as client:
        yield client


def _answers(path: Path) -> bool:
    """Whether a server listens there; NotAllowed when it is another user's."""
    try:
        connect_unix(path).close()
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return False
    except PermissionError as error:
        owner = _owner(path)
        raise NotAllowed(f"The server runs as {owner}; run this command as that user: sudo -u {owner} …") from error
    return True


@contextlib.contextmanager
def _in_this_process(settings: Settings) -> Iterator[HouseClient]:
    storage = settings.path("StorageDirectory")
    check_storage(storage, is_named=settings.is_set("StorageDirectory"))
    from pacsberry.app.application import Application

    with _only_errors_logged(), tempfile.TemporaryDirectory(prefix="pacsberry-") as folder:  # mode 0700
        socket = Path(folder) / "pacsberry.sock"
        application = Application(settings, only_socket=socket)
        application.start()
        try:
            with (
                _ended_by_sigterm(),
                contextlib.closing(HttpClient(UnixConnection(socket), name="The storage")) as client,
            ):
                yield client
        finally:
            with _handling(signal.SIGINT, signal.SIG_IGN), _handling(signal.SIGTERM, signal.SIG_IGN):
                application.stop()  # takes a moment, and makes the next start quick


def check_storage(storage: Path, *, is_named: bool) -> None:
    """Open no storage by mistake, and leave nothing in one that its own user could not change."""
    try:
        found = storage.stat()
    except FileNotFoundError:
        if is_named:
            return
        raise ConfigError(f"There is no storage at {storage}. Say where it is with --data or --config.") from None
    if os.geteuid() == 0 and found.st_uid != 0:
        owner = _owner(storage)
        raise NotAllowed(
            f"{storage} belongs to {owner}, who could not use what root writes into it. "
            f"Start the server first, or run this command as that user: sudo -u {owner} …"
        )
    if not os.access(storage, os.W_OK | os.X_OK):
        owner = _owner(storage)
        raise NotAllowed(f"{storage} belongs to {owner}; run this command as that user: sudo -u {owner} …")


def _owner(path: Path) -> str:
    """Name of the user a file belongs to."""
    try:
        number = path.stat().st_uid
        return pwd.getpwuid(number).pw_name
    except OSError:
        return "another user"
    except KeyError:
        return f"user {number}"


@contextlib.contextmanager
def _only_errors_logged() -> Iterator[None]:
    """The server's parts log into this command's output: only what went wrong, without the frame of a log."""
    logger = logging.getLogger("pacsberry")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("pacsberry: %(message)s"))
    handler.setLevel(logging.ERROR)
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _ended_by_sigterm() -> contextlib.AbstractContextManager[None]:
    """SIGTERM, too, closes the storage as it should be."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    return _handling(signal.SIGTERM, end)


@contextlib.contextmanager
def _handling(number: signal.Signals, handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only that one may set handlers, and gets signals
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
