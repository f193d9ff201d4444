"""Kinds of settings that are small structures: modalities, peers, users, dictionaries, registries of names.

Each is checked to its last field at start, so that a typing error is found by the person who made it and not by
the first association of the morning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pacsberry.config.kinds import Flag, Kind, ListOf, TableOf, Text, Warn, Whole, members, name_refusal, refusal
from pacsberry.config.node import Node
from pacsberry.errors import ConfigError
from pacsberry.modality import Modality, read_modality

TAG = r"[0-9A-Fa-f]{4}[,-]?[0-9A-Fa-f]{4}"
TAG_NAME = rf"{TAG}|[A-Z][A-Za-z0-9]{{1,63}}"
_VR = r"A[EST]|CS|D[AST]|F[DL]|IS|L[OT]|O[BDFLVW]|PN|S[HLQSTV]|TM|U[CILNRSTV]"  # PS3.5 6.2
_MIME = r"[\w.+-]{1,127}/[\w.+-]{1,127}(;[ -~]{0,127})?"
_URL = r"https?://[^\s\\]+"


@dataclass(frozen=True, slots=True)
class Modalities:
    """DicomModalities: symbolic name to remote node."""

    type_name: str = "object"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, Modality]:
        """A read-only mapping of Modality."""
        modalities: dict[str, Modality] = {}
        for name, member in members(node, key).items():
            try:
                modalities[name], remarks = read_modality(name, member.plain())
            except ConfigError as error:
                raise ConfigError(f"{key}.{name[:80]} ({member.origin}): {str(error).rstrip('.')}.") from None
            for remark in remarks:
                warn(f"{key}.{name} ({member.origin}): {remark}.")
        return MappingProxyType(modalities)


@dataclass(frozen=True, slots=True)
class Users:
    """RegisteredUsers: user name to password, plain or as written by `pacsberry user`."""

    type_name: str = "object"
    secret: bool = True

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, str]:
        """A read-only mapping; a user without a password is refused."""
        users: dict[str, str] = {}
        for name, member in members(node, key).items():
            if not is_user_name(name):
                raise name_refusal(member, key, name, "1 to 128 characters without ':' and control characters")
            password = member.value
            if not isinstance(password, str) or not 1 <= len(password) <= 1024:
                raise refusal(member, f"{key}.{name}", "a password of 1 to 1024 characters, in quotes", secret=True)
            users[name] = password
        return MappingProxyType(users)


def is_user_name(name: str) -> bool:
    """Whether HTTP Basic can carry this name (RFC 7617: no colon, no control characters)."""
    return 1 <= len(name) <= 128 and not re.search(r"[:\x00-\x1f\x7f]", name)


@dataclass(frozen=True, slots=True)
class NumberedNames:
    """UserMetadata and UserContentType: a name for a number Orthanc leaves to users, with a MIME type where asked for.

    Reads to name -> number, or name -> (number, MIME type).
    """

    with_mime: bool = False
    type_name: str = "object"
    secret: bool = False
    least: int = 1024
    most: int = 65535

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, Any]:
        """A read-only mapping; two names for one number are refused."""
        values: dict[str, Any] = {}
        owners: dict[int, str] = {}
        for name, member in members(node, key).items():
            if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
                raise name_refusal(member, key, name, "letters, digits, '-', '_' and '.'")
            number, mime = self._number(member, f"{key}.{name}")
            if number in owners:
                taken = f"{number} is the number of {owners[number]} already"
                raise ConfigError(f"{key}.{name} ({member.origin}): {taken}.")
            owners[number] = name
            values[name] = (number, mime) if self.with_mime else number
        return MappingProxyType(values)

    def _number(self, node: Node, key: str) -> tuple[int, str]:
        number, mime = node.value, "application/octet-stream"
        if self.with_mime and isinstance(number, list) and len(number) == 2:
            mime_node = number[1].value
            if not isinstance(mime_node, str) or not re.fullmatch(_MIME, mime_node):
                raise refusal(node, key, "a MIME type such as application/json as second item")
            number, mime = number[0].value, mime_node
        if not isinstance(number, int) or isinstance(number, bool) or not self.least <= number <= self.most:
            expected = f"a whole number from {self.least} to {self.most}"
            raise refusal(node, key, f"{expected}, or [number, MIME type]" if self.with_mime else expected)
        return number, mime


@dataclass(frozen=True, slots=True)
class DictionaryEntry:
    """One tag added to the DICOM dictionary; `creator` is empty for a standard tag."""

    tag: int
    vr: str
    name: str
    least: int = 1  # value multiplicity; most 0 means any number
    most: int = 1
    creator: str = ""


@dataclass(frozen=True, slots=True)
class TagDictionary:
    """Dictionary: "gggg,eeee" to [VR, name, minimum, maximum, private creator], the last three optional."""

    type_name: str = "object"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> tuple[DictionaryEntry, ...]:
        """The entries, in the order they are written."""
        return tuple(self._entry(tag, member, f"{key}.{tag[:80]}") for tag, member in members(node, key).items())

    def _entry(self, tag: str, node: Node, key: str) -> DictionaryEntry:
        if not re.fullmatch(TAG, tag):
            raise ConfigError(f"{key} ({node.origin}): expected a tag written as gggg,eeee.")
        parts = node.plain()
        if not isinstance(parts, list) or not 2 <= len(parts) <= 5:
            raise refusal(node, key, "[VR, name, minimum, maximum, private creator], the last three optional")
        if not isinstance(parts[0], str) or not re.fullmatch(_VR, parts[0]):
            raise refusal(node, key, "a value representation of two capital letters as first item")
        if not isinstance(parts[1], str) or not re.fullmatch(r"[A-Za-z0-9_ .()'/-]{1,64}", parts[1]):
            raise refusal(node, key, "a name as second item")
        numbers = parts[2:4]
        if any(not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= 65535 for n in numbers):
            raise refusal(node, key, "whole numbers from 0 to 65535 as third and fourth item")
        creator = parts[4] if len(parts) == 5 else ""
        if not isinstance(creator, str) or len(creator) > 64:
            raise refusal(node, key, "a private creator of at most 64 characters as fifth item")
        least, most = [*numbers, 1, 1][:2] if len(numbers) != 1 else (numbers[0], numbers[0])
        return DictionaryEntry(int(re.sub("[,-]", "", tag), 16), parts[0], parts[1], least, most, creator)


@dataclass(frozen=True, slots=True)
class ExtraTags:
    """ExtraMainDicomTags: the four levels, each with a list of tags as keyword or gggg,eeee."""

    type_name: str = "object"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, tuple[str, ...]]:
        """A read-only mapping of level to tags as they were written."""
        tags = ListOf(Text("a tag as keyword or gggg,eeee", TAG_NAME, empty=False), most=200)
        kind = TableOf(tags, "Patient|Study|Series|Instance", "Patient, Study, Series or Instance")
        return kind.read(node, key, warn)


_PEER_FIELDS: Mapping[str, Kind] = {
    "Url": Text("a URL that begins with http:// or https://", _URL, empty=False),
    "Username": Text("a user name"),
    "Password": Text("a password", secret=True),
    "HttpHeaders": TableOf(Text("a text", secret=True), r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "the name of an HTTP header"),
    "CertificateFile": Text("a path"),
    "CertificateKeyFile": Text("a path"),
    "CertificateKeyPassword": Text("a password", secret=True),
    "Timeout": Whole(0, 86400, "seconds"),
    "HasDelete": Flag(),
    "ChunkedTransfers": Flag(),
    "HasWadoRsUniversalTransferSyntax": Flag(),
}


@dataclass(frozen=True, slots=True)
class HttpServers:
    """OrthancPeers and DicomWeb.Servers: name to [url, user, password] or an object.

    Members that are not settings stay as they are: Orthanc's plugins keep their own properties there.
    """

    fields: Mapping[str, Kind] = field(default_factory=lambda: _PEER_FIELDS)
    type_name: str = "object"
    secret: bool = True

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, Mapping[str, Any]]:
        """A read-only mapping of name to the object form."""
        servers: dict[str, Mapping[str, Any]] = {}
        for name, member in members(node, key).items():
            if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
                raise name_refusal(member, key, name, "letters, digits, '-', '_' and '.'")
            servers[name] = self._server(member, f"{key}.{name}", warn)
        return MappingProxyType(servers)

    def _server(self, node: Node, key: str, warn: Warn) -> Mapping[str, Any]:
        given = node.value
        if isinstance(given, list) and len(given) in (1, 2, 3):
            given = dict(zip(("Url", "Username", "Password"), given, strict=False))
        if not isinstance(given, dict) or "Url" not in given:
            raise refusal(node, key, "[url, user, password] or an object with Url", secret=True)
        return MappingProxyType(
            {
                name: self.fields[name].read(member, f"{key}.{name}", warn) if name in self.fields else member.plain()
                for name, member in given.items()
            }
        )


@dataclass(frozen=True, slots=True)
class Folders:
    """ServeFolders: "/uri" to a folder, or {Folders, AllowCache, GenerateETag, Extensions}."""

    type_name: str = "object"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, Any]:
        """A read-only mapping in the long form."""
        given = members(node, key)
        folders = TableOf(Text("a path", empty=False), r"/?[A-Za-z0-9_./-]{1,128}", "a URI such as /docs")
        if "Folders" not in given:
            return MappingProxyType({"Folders": folders.read(node, key, warn)})
        fields: Mapping[str, Kind] = {
            "Folders": folders,
            "AllowCache": Flag(),
            "GenerateETag": Flag(),
            "Extensions": TableOf(Text("a MIME type"), r"\.?[A-Za-z0-9]{1,16}", "an extension such as .html"),
        }
        values: dict[str, Any] = {}
        for name, member in given.items():
            if name not in fields:
                warn(f"{key}.{name[:80]} ({member.origin}) is unknown and ignored.")
            else:
                values[name] = fields[name].read(member, f"{key}.{name}", warn)
        return MappingProxyType(values)
