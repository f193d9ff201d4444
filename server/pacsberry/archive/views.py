"""What a client wants to see of a resource, and in which words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pacsberry.dicom.main_tags import MainTags
from pacsberry.dicom.names import parse_tag, tag_text
from pacsberry.errors import BadRequest


class TagForm(Enum):
    """How tags are written (S5)."""

    SIMPLIFY = "Simplify"  # {keyword: value}
    SHORT = "Short"  # {'gggg,eeee': value}
    FULL = "Full"  # {'gggg,eeee': {Name, Type, Value}}


class Content(Enum):
    """The parts of a description that ResponseContent names; ID and Type are always there."""

    MAIN_DICOM_TAGS = "MainDicomTags"
    CHILDREN = "Children"
    PARENT = "Parent"
    LABELS = "Labels"
    STATUS = "Status"  # of a series: Status
    IS_STABLE = "IsStable"
    IS_PROTECTED = "IsProtected"
    METADATA_LEGACY = "MetadataLegacy"  # the metadata that stand beside ID: LastUpdate, ModifiedFrom, …
    ATTACHMENTS_LEGACY = "AttachmentsLegacy"  # of an instance: FileSize, FileUuid
    REQUESTED_TAGS = "RequestedTags"
    METADATA = "Metadata"
    ATTACHMENTS = "Attachments"


DEFAULT_CONTENT: Final = frozenset(Content) - {Content.METADATA, Content.ATTACHMENTS}


@dataclass(frozen=True, slots=True)
class View:
    """What to tell of a resource; `View()` is what Orthanc tells when nothing is asked."""

    form: TagForm = TagForm.SIMPLIFY
    requested_tags: tuple[int, ...] = ()  # always told when there are some
    content: frozenset[Content] = DEFAULT_CONTENT


def parse_content(names: Iterable[str]) -> frozenset[Content]:
    """The parts that ResponseContent names; BadRequest for a name that is none."""
    found = set()
    for name in names:
        try:
            found.add(Content(name))
        except ValueError as error:
            known = ", ".join(content.value for content in Content)
            raise BadRequest(f"ResponseContent: {name[:80]!r} is none of {known}.") from error
    return frozenset(found)


class TagWriter:
    """Writes main tags in the three forms."""

    def __init__(self, main_tags: MainTags) -> None:
        self._by_name = {main.name: main for level in main_tags.levels for main in level.values()}

    def write(self, tags: Mapping[str, str], form: TagForm) -> dict[str, object]:
        """`tags`, by name as the index holds them, in the form asked for."""
        if form is TagForm.SIMPLIFY:
            return dict(tags)
        if form is TagForm.SHORT:
            return {self._hex(name): value for name, value in tags.items()}
        return {self._hex(name): {"Name": name, "Type": "String", "Value": value} for name, value in tags.items()}

    def _hex(self, name: str) -> str:
        main = self._by_name.get(name)
        tag = main.tag if main is not None else parse_tag(name)  # indexed when ExtraMainDicomTags still had it
        return name if tag is None else tag_text(tag)
