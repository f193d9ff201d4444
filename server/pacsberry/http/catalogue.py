"""The studies for pages: a list to search in, one study with its series, and what a teacher decides about it.

Students see what is shown to them, and of that no names and numbers of people.
"""

import re
from typing import TYPE_CHECKING, Final

from pacsberry.archive.catalogue import MOST_LISTED, Order, StudyEntry, Wanted
from pacsberry.archive.metadata_names import CASE_TITLE
from pacsberry.auth import Action, Role
from pacsberry.dicom.person import without_person
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.http import shown
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request, is_true
from pacsberry.http.routing import Route
from pacsberry.http.standins import with_stand_ins
from pacsberry.model import Level

if TYPE_CHECKING:
    from pacsberry.archive import Archive
    from pacsberry.upkeep.discarded import Discarded

_LONGEST_TITLE: Final = 200  # characters
_LONGEST_TEXT: Final = 256
_DATE: Final = re.compile(r"(?:[0-9]{8})?")
_OF_PATIENT: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")


def list_studies(request: Request, context: Context) -> Answer:
    """A page of studies: `text`, `modality`, `label`, `shown`, `from`, `to` (YYYYMMDD), `sort`, `since`, `limit`."""
    arguments = request.arguments
    try:
        order = Order(arguments.get("sort", Order.NEWEST_STUDY.value))
    except ValueError:
        raise BadRequest(f"sort: one of {', '.join(one.value for one in Order)} is expected.") from None
    for name in ("from", "to"):
        if not _DATE.fullmatch(arguments.get(name, "")):
            raise BadRequest(f"{name}: a date as YYYYMMDD is expected.")
    is_student = request.role is Role.STUDENT
    if is_student and order is Order.NAME:
        raise BadRequest("sort: students see no names.")
    is_shown = None if is_student or "shown" not in arguments else is_true(arguments["shown"], "shown")
    guest_label = context.settings.guest_label
    limit = request.integer("limit")
    entries, has_more = context.archive.catalogue.studies(
        Wanted(
            text=arguments.get("text", "")[:_LONGEST_TEXT],
            modality=arguments.get("modality", ""),
            labels=() if is_student else _labels(arguments.get("label", ""), guest_label if is_shown else ""),
            from_date=arguments.get("from", ""),
            to_date=arguments.get("to", ""),
            shown_label=guest_label if is_student else None,
            without_label=guest_label if is_shown is False else "",
            order=order,
            since=request.integer("since") or 0,
            limit=min(50 if limit is None else limit, MOST_LISTED),
        )
    )
    told: dict[str, object] = {"Studies": [_told(entry, request, context) for entry in entries], "HasMore": has_more}
    if not is_student:
        told["GuestLabel"] = guest_label  # among those of /tools/labels the one that is no teacher's word
    return Answer.json(told).with_header("Cache-Control", "no-store")


def _labels(*labels: str) -> tuple[str, ...]:
    return tuple(label for label in labels if label)


def get_study(request: Request, context: Context, id: str) -> Answer:
    """One study."""
    told = _told(context.archive.catalogue.study(id), request, context)
    return Answer.json(told).with_header("Cache-Control", "no-store")


def change_study(request: Request, context: Context, id: str) -> Answer:
    """Change what is given: {"Title": text, "IsShown": flag, "IsProtected": flag}."""
    asked = request.json_object
    unknown = asked.keys() - {"Title", "IsShown", "IsProtected"}
    if unknown:
        raise BadRequest(f"{sorted(unknown)[0][:80]!r} is unknown; Title, IsShown and IsProtected can be changed.")
    archive, title = context.archive, asked.get("Title")
    if title is not None and not (isinstance(title, str) and len(title) <= _LONGEST_TITLE and _is_line(title)):
        raise BadRequest(f"Title: a line of at most {_LONGEST_TITLE} characters is expected.")
    flags = {name: is_true(asked[name], name) for name in ("IsShown", "IsProtected") if name in asked}
    archive.catalogue.study(id)  # UnknownResource before anything is changed
    if title is not None:
        _set_title(archive, id, title.strip())
    if "IsShown" in flags:
        change = archive.labels.add if flags["IsShown"] else archive.labels.remove
        change(Level.STUDY, id, context.settings.guest_label)
    if "IsProtected" in flags:
        archive.protection.protect(Level.STUDY, id, protected=flags["IsProtected"])
    return get_study(request, context, id)


def discard_study(request: Request, context: Context, id: str) -> Answer:
    """Delete a study that can be had back for a while."""
    _discarded(context).discard(id)
    return Answer.json({"SecondsLeft": _discarded(context).seconds_left(id)})


def restore_study(request: Request, context: Context, id: str) -> Answer:
    """Have it back."""
    _discarded(context).restore(id)
    return get_study(request, context, id)


def list_discarded(request: Request, context: Context) -> Answer:
    """The studies that can be had back, the last one first."""
    told = [
        _told(context.archive.catalogue.study(id), request, context)
        | {"SecondsLeft": _discarded(context).seconds_left(id)}
        for id in context.archive.catalogue.discarded()
    ]
    return Answer.json(told).with_header("Cache-Control", "no-store")


def _discarded(context: Context) -> "Discarded":
    if context.discarded is None:
        raise UnknownResource("This server keeps nothing that was deleted.")
    return context.discarded


def _set_title(archive: "Archive", id: str, title: str) -> None:
    name = str(CASE_TITLE)
    known = archive.metadata.all(Level.STUDY, id).get(CASE_TITLE)
    if title:
        archive.metadata.put(Level.STUDY, id, name, title, if_match=known.etag if known else None)
    elif known:
        archive.metadata.delete(Level.STUDY, id, name, if_match=known.etag)


def list_modalities(request: Request, context: Context) -> Answer:
    """The modalities there are, to filter by."""
    label = context.settings.guest_label if request.role is Role.STUDENT else None
    return Answer.json(context.archive.catalogue.modalities(label)).with_header("Cache-Control", "no-store")


def _told(entry: StudyEntry, request: Request, context: Context) -> dict[str, object]:
    is_student = request.role is Role.STUDENT

    def described(text: str) -> str:
        return without_person(text, entry.patient_tags) if is_student else text

    told: dict[str, object] = {
        "ID": entry.id,
        "StudyInstanceUID": entry.tags.get("StudyInstanceUID", ""),
        "Title": entry.title,
        "Description": described(entry.tags.get("StudyDescription", "")),
        "Date": entry.tags.get("StudyDate", ""),
        "Series": [
            {
                "ID": series.id,
                "SeriesInstanceUID": series.tags.get("SeriesInstanceUID", ""),
                "Modality": series.modality,
                "Number": series.tags.get("SeriesNumber", ""),
                "Description": described(series.tags.get("SeriesDescription", "")),
                "CountInstances": series.instances,
            }
            for series in entry.series
        ],
    }
    if is_student:
        return with_stand_ins(told)
    return told | {
        "Patient": {name: entry.patient_tags.get(name, "") for name in _OF_PATIENT},
        "AccessionNumber": entry.tags.get("AccessionNumber", ""),
        "Labels": [label for label in entry.labels if label != context.settings.guest_label],
        "IsShown": context.settings.guest_label in entry.labels,
        "IsProtected": entry.is_protected,
    }


def _is_line(text: str) -> bool:
    return all(char.isprintable() for char in text)


_STUDY: Final = "/pacsberry/studies/<id>"
ROUTES = [
    Route("GET", "/pacsberry/studies", list_studies, shown=shown.always),
    Route("GET", "/pacsberry/modalities", list_modalities, shown=shown.always),
    Route("GET", _STUDY, get_study, shown=shown.resource(Level.STUDY)),
    Route("PUT", _STUDY, change_study, needs=Action.CHANGE),
    Route("DELETE", _STUDY, discard_study),
    Route("POST", f"{_STUDY}/restore", restore_study, needs=Action.DELETE),
    Route("GET", "/pacsberry/discarded", list_discarded),
]
