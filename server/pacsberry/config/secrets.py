"""What of a configuration is secret, and the configuration without it: the one place that decides.

Secret are: the settings whose kind says so (passwords, peers, sections of unknown plugins), every setting that is not
in the table, texts that are named like a secret inside the others, URLs with a password, and comments, which may hold
an old password.  So what is left may be shown to anybody; when in doubt, something is missing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pacsberry.config.node import Json
from pacsberry.config.settings import Settings
from pacsberry.config.table import SECTIONS, TABLE
from pacsberry.config.text import TextError, without_comments
from pacsberry.errors import ConfigError

SECRET_FILES: Final = ("Pacsberry.UsersFile", "SslCertificate", "DicomTlsPrivateKey")
"""Settings that name a file which is secret as a whole: accounts, private keys."""
PUBLIC_FILES: Final = (
    "DicomTlsCertificate",
    "DicomTlsTrustedCertificates",
    "HttpsCACertificates",
    "SslTrustedClientCertificates",
)
"""Settings that name a file which is part of the configuration and no secret: certificates."""

_SECRET_NAME: Final = re.compile(r"pass|secret|token|credential|auth|private|header|key(?!word)", re.IGNORECASE)
_SECRET_URL: Final = re.compile(r"://[^/?#\s\"]*@")
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:[^"\\\n]|\\[^\n])*+")|(?P<variable>\$\{[^}\n]*\})"""
    r"""|(?P<mark>[{}\[\]:,])|(?P<word>[^\s"{}\[\]:,$]+)"""
)


@dataclass(frozen=True, slots=True)
class Blanked:
    """A text without its secrets."""

    text: str
    names: tuple[str, ...]  # of what was taken out, such as RegisteredUsers.alice


def without_secrets(raw: bytes) -> Blanked:
    """A configuration file that may be shown; ConfigError for one that cannot be understood.

    ${VARIABLES} stay as they are written.  What is taken out leaves an empty text, list or object behind.
    """
    try:
        text = without_comments(raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except (UnicodeDecodeError, TextError) as error:
        raise ConfigError("The file cannot be understood, so nobody can say what in it is secret.") from error
    scanner = _Scanner(text)
    scanner.document()
    copied = re.sub(r"[ \t]*\n(?:[ \t]*\n)*", "\n", "".join(scanner.out))
    return Blanked(copied.lstrip(), tuple(scanner.names))


def settings_without_secrets(settings: Settings) -> dict[str, Json]:
    """{name: {value, origin}} of what somebody has set, as it may be shown."""
    found: dict[str, Json] = {}
    for name in settings:
        if settings.is_set(name):
            found[name] = {"value": _cleaned(settings.shown(name)), "origin": settings.origin(name)}
    return found


def _cleaned(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            key: "" if _SECRET_NAME.search(key) and not isinstance(member, int | float) else _cleaned(member)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return "" if isinstance(value, str) and _SECRET_URL.search(value) else value


def _is_secret(path: tuple[str, ...], *, is_plain: bool) -> bool:
    """Whether what is at a path of the document is secret; `is_plain`: it is a number, true, false or null."""
    if not path:
        return False
    depth = 2 if path[0] in SECTIONS else 1
    if len(path) < depth:
        return False
    setting = TABLE.get(".".join(path[:depth]))
    if setting is None or setting.kind.secret:
        return True
    return not is_plain and any(_SECRET_NAME.search(name) for name in path[depth:])


@dataclass(slots=True)
class _Scanner:
    """Goes through a JSON document whose comments are gone, and copies what is no secret.

    Text, not values: what variables stand for is nobody's business here, and the copy stays as it was laid out.
    """

    text: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def document(self) -> None:
        """All of it."""
        self._value((), copied=True)
        self._space(copied=True)
        if self.at != len(self.text):
            raise self._error()

    def _value(self, path: tuple[str, ...], *, copied: bool) -> None:
        kind, piece = self._peek(copied=copied)
        if copied and _is_secret(path, is_plain=kind == "word"):
            self._blank(path)
        elif piece == "{":
            self._members(path, copied=copied)
        elif piece == "[":
            self._items(path, copied=copied)
        elif kind == "string" and copied and _SECRET_URL.search(piece):
            self._blank(path)
        elif kind in ("string", "variable", "word"):
            self._take(piece, copied=copied)
        else:
            raise self._error()

    def _blank(self, path: tuple[str, ...]) -> None:
        kind, piece = self._peek(copied=True)
        empty = {"{": "{}", "[": "[]"}.get(piece, '""' if kind == "string" else "null")
        before = len(self.names)
        self._value(path, copied=False)
        if len(self.names) == before:
            self.names.append(".".join(path))
        self.out.append(empty)

    def _members(self, path: tuple[str, ...], *, copied: bool) -> None:
        def member() -> None:
            kind, piece = self._peek(copied=copied)
            self._take(piece, copied=copied)
            if kind == "variable":  # stands for members
                return
            if kind != "string":
                raise self._error()
            name = piece[1:-1]
            self._peek(copied=copied)
            self._take(":", copied=copied)
            if not copied and len(path) <= 2:
                self.names.append(".".join((*path, name)))
            self._value((*path, name), copied=copied)

        self._sequence("{", "}", member, copied=copied)

    def _items(self, path: tuple[str, ...], *, copied: bool) -> None:
        self._sequence("[", "]", lambda: self._value(path, copied=copied), copied=copied)

    def _sequence(self, opening: str, closing: str, each: Callable[[], None], *, copied: bool) -> None:
        self._take(opening, copied=copied)
        while self._peek(copied=copied)[1] != closing:
            each()
            if self._peek(copied=copied)[1] != closing:
                self._take(",", copied=copied)
        self._take(closing, copied=copied)

    def _peek(self, *, copied: bool) -> tuple[str, str]:
        """Kind and text of the next piece that is no white space."""
        self._space(copied=copied)
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            raise self._error()
        return str(match.lastgroup), match.group()

    def _space(self, *, copied: bool) -> None:
        match = _TOKEN.match(self.text, self.at)
        if match is not None and match.lastgroup == "space":
            self._take(match.group(), copied=copied)

    def _take(self, piece: str, *, copied: bool) -> None:
        if not self.text.startswith(piece, self.at):
            raise self._error()
        self.at += len(piece)
        if copied:
            self.out.append(piece)

    def _error(self) -> ConfigError:
        return ConfigError("The file cannot be understood, so nobody can say what in it is secret.")
