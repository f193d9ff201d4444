"""What a viewer shows beside pictures: the table of tags, a report as text, a video as it is stored.

Students see tags that tell nothing about people, and videos of what is shown to them.  Reports and documents are free
text, in which nobody can tell names from the rest: they are for staff.
"""

from contextlib import ExitStack
from itertools import islice
from typing import Final

from pacsberry.auth import Role
from pacsberry.http import shown
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment, open_instance
from pacsberry.http.pictures import etag_of
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level

_MOST_ROWS: Final = 4000  # of a table: enhanced images have a hundred thousand
_TEXTS: Final = ("LO", "SH", "LT", "ST", "UC", "UT")
_MOST_LINES: Final = 20_000  # of a report
_MPEG4: Final = tuple(f"1.2.840.10008.1.2.4.10{number}" for number in range(2, 9))  # H.264 and H.265
_MP4: Final = b"ftyp"  # bytes 4 to 8 of a file that browsers can play (ISO/IEC 14496-12)


def get_tag_table(request: Request, context: Context, id: str) -> Answer:
    """The tags of an instance, line by line; `IsCut` when there are more."""
    from pacsberry.dicom.person import names_person
    from pacsberry.dicom.tag_rows import tag_rows

    for_students = request.role is Role.STUDENT
    with open_instance(context, id) as file:
        rows = tag_rows(
            file,
            for_students=for_students,
            default_encoding=context.policy.default_encoding,
            dictionary=context.dictionary,
        )
        if for_students:
            person = shown.hidden_person(context, Level.INSTANCE, id)
            rows = (row for row in rows if not (row.vr in _TEXTS and names_person(row.value, person)))
        found = list(islice(rows, _MOST_ROWS + 1))
    names = ("Depth", "Tag", "Name", "VR", "Value", "Size")
    return Answer.json(
        {
            "Rows": [dict(zip(names, row, strict=True)) for row in found[:_MOST_ROWS]],
            "IsCut": len(found) > _MOST_ROWS,
            "IsReduced": for_students,
        }
    ).with_header("Cache-Control", "no-store")


def get_report(request: Request, context: Context, id: str) -> Answer:
    """A structured report, line by line; without lines when the instance is none."""
    from pacsberry.dicom.report import report_lines

    with open_instance(context, id) as file:
        lines = report_lines(file, default_encoding=context.policy.default_encoding, dictionary=context.dictionary)
        found = list(islice(lines, _MOST_LINES + 1))
    names = ("Depth", "Kind", "Name", "Value")
    return Answer.json(
        {
            "Lines": [dict(zip(names, line, strict=True)) for line in found[:_MOST_LINES]],
            "IsCut": len(found) > _MOST_LINES,
        }
    )


def get_video(request: Request, context: Context, id: str) -> Answer | None:
    """An MPEG-4 video as a browser plays it, any range of it; 404 when the instance holds none."""
    from pacsberry.dicom.frames import Frames
    from pacsberry.dicom.part10 import DicomFile

    attachment = dicom_attachment(context, id)
    with ExitStack() as stack:
        file = stack.enter_context(context.archive.files.open(attachment.file, attachment.size))
        opened = DicomFile.open(file)
        stream = Frames(opened).stretch(0) if opened.transfer_syntax_uid.startswith(_MPEG4) else None
        if stream is None or opened.read(stream[0] + 4, 4) != _MP4:
            return None
        stack.pop_all()  # the answer closes the file
        answer = Answer.part(file, *stream, "video/mp4")
    return answer.with_etag(etag_of(attachment.uuid, "video", 0)).with_header("Cache-Control", "no-cache")


_INSTANCE: Final = "/pacsberry/instances/<id>"
ROUTES = [
    Route("GET", f"{_INSTANCE}/tags", get_tag_table, shown=shown.resource(Level.INSTANCE)),
    Route("GET", f"{_INSTANCE}/video", get_video, shown=shown.resource(Level.INSTANCE)),
    Route("GET", f"{_INSTANCE}/report", get_report),
]
