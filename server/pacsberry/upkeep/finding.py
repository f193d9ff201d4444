"""What every kind of finding of a check has in common."""

from dataclasses import dataclass, fields
from typing import ClassVar

from pacsberry.archive.inventory import Entry


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    title: ClassVar[str] = ""  # the kind, in a few words
    remedy: ClassVar[str] = ""  # what --repair does; empty when a person has to

    @property
    def words(self) -> str:
        """What is wrong, as a sentence."""
        raise NotImplementedError

    @property
    def entry_checked(self) -> Entry | None:
        """The entry of the index that it is about."""
        return None

    def to_json(self) -> dict[str, object]:
        """The same for programs; names are stable."""
        found: dict[str, object] = {"Kind": type(self).__name__, "Words": self.words, "Remedy": self.remedy}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Entry):
                found.update(Level=value.level.title, ID=value.resource_id, File=value.file)
            else:
                found["".join(part.title() for part in field.name.split("_"))] = value
        return found
