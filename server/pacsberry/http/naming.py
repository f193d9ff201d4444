"""What the tags of a study say of people: what a teacher looks at before students see it.

The attributes are those of PS3.15 table E.1-1 that name somebody or something that leads to them, or hold free text.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Final

from pacsberry.dicom.names import STANDARD, tag_text
from pacsberry.dicom.tagjson import tag_values
from pacsberry.errors import DamagedFile, TooLarge, UnknownResource, UnreadableDicom
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import open_kept
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level

_LOOKED_AT: Final = 200  # files of a study: its tags differ by series, hardly by picture
_MOST_VALUES: Final = 20  # of one attribute
_LONGEST: Final = 200  # characters of one value

_PEOPLE: Final = (
    0x00100010,  # patient's name
    0x00101001,  # other names
    0x00101005,  # birth name
    0x00101060,  # mother's birth name
    0x00102297,  # responsible person
    0x00080090,  # referring physician
    0x0008009C,  # consulting physician
    0x00081048,  # physicians of record
    0x00081050,  # performing physician
    0x00081060,  # reading physicians
    0x00081070,  # operators
    0x00321032,  # requesting physician
    0x00400006,  # scheduled performing physician
    0x0040A075,  # verifying observer
    0x0040A123,  # person
    0x00700084,  # creator of the content
)
_NUMBERS: Final = (
    0x00100020,  # patient ID
    0x00100030,  # birth date
    0x00100032,  # birth time
    0x00101000,  # other IDs
    0x00101010,  # age
    0x00080050,  # accession number
    0x00200010,  # study ID
    0x00380010,  # admission ID
    0x00401001,  # requested procedure ID
    0x00402016,  # placer's order
    0x00402017,  # filler's order
    0x00181000,  # serial number of the device
)
_PLACES: Final = (
    0x00101040,  # patient's address
    0x00102154,  # telephone
    0x00102155,  # telecom
    0x00080080,  # institution
    0x00080081,  # its address
    0x00081040,  # department
    0x00081010,  # station
    0x00380300,  # location
    0x00102160,  # ethnic group
    0x00102180,  # occupation
    0x001021F0,  # religion
)
_TEXTS: Final = (
    0x00081030,  # study description
    0x0008103E,  # series description
    0x00104000,  # patient comments
    0x00102000,  # medical alerts
    0x00102110,  # allergies
    0x001021B0,  # additional history
    0x00204000,  # image comments
    0x00324000,  # study comments
    0x00321030,  # reason for study
    0x00402001,  # reason for the procedure
    0x00380500,  # patient's state
    0x00184000,  # acquisition comments
    0x00420010,  # document title
)
_BURNED_IN: Final = 0x00280301
_KINDS: Final = {
    tag: kind
    for kind, tags in (("Person", _PEOPLE), ("Number", _NUMBERS), ("Place", _PLACES), ("Text", _TEXTS))
    for tag in tags
}
_WANTED: Final = frozenset((*_KINDS, _BURNED_IN))


def list_names(request: Request, context: Context, id: str) -> Answer:
    """Each attribute with its values, and whether a picture says that something is burnt into it."""
    count = context.archive.resources.count_instances(Level.STUDY, id)
    found: dict[int, dict[str, None]] = {}  # tag -> values in their order
    has_burned_in = False
    looked_at = 0
    for tags in _tags(context, id, max(1, -(-count // _LOOKED_AT))):
        looked_at += 1
        has_burned_in |= tags.pop(_BURNED_IN, "").strip().upper() == "YES"
        for tag, text in tags.items():
            values = found.setdefault(tag, {})
            if text.strip() and len(values) < _MOST_VALUES:
                values.setdefault(text.strip()[:_LONGEST])
    names = [
        {"Tag": tag_text(tag), "Name": STANDARD.keyword(tag), "Kind": kind, "Values": list(found[tag])}
        for tag, kind in _KINDS.items()
        if found.get(tag)
    ]
    told = {"Names": names, "HasBurnedIn": has_burned_in, "CountLookedAt": looked_at, "CountInstances": count}
    return Answer.json(told).with_header("Cache-Control", "no-store")


def _tags(context: Context, study: str, step: int) -> Iterator[dict[int, str]]:
    """The wanted tags of every `step`th file; what cannot be read is passed over."""
    with closing(context.archive.resources.instance_files(Level.STUDY, study)) as files:
        for instance in islice(files, 0, None, step):
            try:
                with open_kept(context, instance.file, instance.size) as file:
                    encoding = context.policy.default_encoding
                    yield dict(tag_values(file, _WANTED, default_encoding=encoding, dictionary=context.dictionary))
            except (UnknownResource, UnreadableDicom, DamagedFile, TooLarge):
                continue


ROUTES = [Route("GET", "/pacsberry/studies/<id>/names", list_names)]
