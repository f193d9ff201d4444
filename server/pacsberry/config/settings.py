"""The settings of one run: every key of the table with its value and where it came from. Frozen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pacsberry.config.node import Json
from pacsberry.config.table import TABLE
from pacsberry.modality import Modality

HIDDEN = "***"
DEFAULT = "default"
CONTAINER_DEFAULT = "default of containers"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Value:
    """One setting as it is in effect."""

    value: Any  # what the setting's kind makes of it
    plain: Json  # the same as a user would write it
    origin: str  # "default", "orthanc.json:12", the name of a variable or of an option
    is_set: bool = True  # somebody set it, even to its default


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings(Mapping[str, Any]):
    """Reads like a mapping: settings["StableAge"], settings["DicomWeb.Root"]. An unset setting without default is None.

    The typed look-ups raise TypeError when the table holds another type: a mistake of the program, not of the user.
    """

    values_by_name: Mapping[str, Value]
    notes: tuple[str, ...] = ()  # one line each, for the log: what is unknown, replaced, or accepted without effect
    files: tuple[Path, ...] = ()  # that were read, in order; that of Pacsberry.UsersFile is not among them

    def __getitem__(self, name: str) -> Any:
        return self.values_by_name[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def flag(self, name: str) -> bool:
        """The value of a setting that is true or false."""
        return _of(bool, name, self[name])

    def number(self, name: str) -> int:
        """The value of a setting that is a whole number."""
        return _of(int, name, self[name])

    def text(self, name: str) -> str:
        """The value of a setting that is a text, a choice or an AE title."""
        return _of(str, name, self[name])

    def path(self, name: str) -> Path:
        """The value of a setting that is a path and is not empty."""
        return _of(Path, name, self[name])

    def texts(self, name: str) -> tuple[str, ...]:
        """The value of a setting that is a list of texts."""
        return _of(tuple, name, self[name])

    @property
    def modalities(self) -> Mapping[str, Modality]:
        """DicomModalities."""
        modalities: Mapping[str, Modality] = self["DicomModalities"]
        return modalities

    @property
    def users(self) -> Mapping[str, str] | None:
        """RegisteredUsers with those of Pacsberry.UsersFile; None when neither is set."""
        users: Mapping[str, str] | None = self["RegisteredUsers"]
        return users

    def origin(self, name: str) -> str:
        """Where the value of a setting comes from."""
        return self.values_by_name[name].origin

    def is_set(self, name: str) -> bool:
        """Whether somebody set it, even to its default."""
        return self.values_by_name[name].is_set

    def shown(self, name: str) -> Json:
        """The value as JSON for people to see: no password in it."""
        plain = self.values_by_name[name].plain
        if not TABLE[name].kind.secret or not plain:
            return plain
        return dict.fromkeys(plain, HIDDEN) if isinstance(plain, dict) else HIDDEN

    def __repr__(self) -> str:
        changed = [name for name in self if self.is_set(name)]
        return f"<Settings: {len(changed)} of {len(self)} set: {', '.join(changed)}>"


def _of(kind: type[_T], name: str, value: object) -> _T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{name} holds {type(value).__name__}, not {kind.__name__}")
    return value
