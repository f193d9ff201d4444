"""Files in another transfer syntax than the one they are stored in: what clients ask for, and the answer."""

from contextlib import closing
from typing import Final

from pacsberry.archive.attachments import Attachment
from pacsberry.dicom.uids import TRANSFER_SYNTAXES
from pacsberry.errors import BadRequest
from pacsberry.http.answers import DICOM, Answer
from pacsberry.http.context import Context
from pacsberry.http.pictures import etag_of
from pacsberry.http.rendering import is_known
from pacsberry.http.request import Request
from pacsberry.model import Level

_QUALITIES: Final = range(1, 101)


def asked_syntax(wanted: object) -> str:
    """The transfer syntax a client names, '' when it names none; BadRequest when it is none."""
    if wanted is None or wanted == "":
        return ""
    if not isinstance(wanted, str) or wanted not in TRANSFER_SYNTAXES:
        raise BadRequest(f"transcode is {str(wanted)[:80]!r}; the UID of a transfer syntax is expected.")
    return wanted


def asked_quality(wanted: object, context: Context) -> int:
    """The quality of lossy compression a client names, from 1 to 100; the configured one when it names none."""
    if wanted is None or wanted == "":
        return context.settings.lossy_quality
    text = str(wanted)
    if isinstance(wanted, bool) or not (text.isascii() and text.isdigit() and len(text) < 4):
        raise BadRequest(f"The quality is {text[:40]!r}; 1 to 100 is expected.")
    if int(text) not in _QUALITIES:
        raise BadRequest(f"The quality is {text[:40]!r}; 1 to 100 is expected.")
    return int(text)


def transcoded_answer(
    request: Request, context: Context, id: str, attachment: Attachment, syntax: str, media_type: str = DICOM
) -> Answer:
    """The file of an instance in another transfer syntax; NotUnderstood when it cannot be had so."""
    quality = asked_quality(request.arguments.get("lossy-quality"), context)
    etag = etag_of(attachment.uuid, "transcoded", syntax, quality)
    if is_known(f'"{etag}"', request):
        return Answer.empty().with_etag(etag)
    sop_uid = _sop_uid(context, id)
    with request.waiting():
        done = context.pictures.transcode(
            attachment.file, syntax, sop_uid=sop_uid, quality=quality, size=attachment.size
        )
    return Answer.part(done.file, 0, done.length, media_type).with_etag(etag)


def _sop_uid(context: Context, id: str) -> str:
    with closing(context.archive.resources.instance_files(Level.INSTANCE, id)) as found:
        return next(found).main_tags[Level.INSTANCE].get("SOPInstanceUID", "")
