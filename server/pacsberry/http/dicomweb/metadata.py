"""WADO-RS: the attributes of every instance of a study, a series or an instance, without bulk data (PS3.18 10.4.1.1.2).

Of series that are not prepared one file after another is read and told; nothing but the data set at hand is in memory,
and of that the beginning only.
"""

import logging
from collections.abc import Generator, Iterator, Sequence
from itertools import chain
from typing import Final

from pacsberry.dicom.native_json import native_json
from pacsberry.dicom.native_xml import native_xml
from pacsberry.dicom.web_model import Model, web_model
from pacsberry.errors import DamagedFile, TooLarge, UnknownResource, UnreadableDicom
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import open_kept
from pacsberry.http.dicomweb.addresses import root_address
from pacsberry.http.dicomweb.indexed_metadata import indexed_metadata
from pacsberry.http.dicomweb.media import ModelForm, model_form
from pacsberry.http.dicomweb.multipart import MultipartWriter
from pacsberry.http.dicomweb.objects import StoredObject, stored_objects
from pacsberry.http.dicomweb.prepared_metadata import prepared_metadata
from pacsberry.http.request import Request
from pacsberry.http.streams import encoded, streamed
from pacsberry.model import Level

LOGGER = logging.getLogger("pacsberry.http")

_HELD_CHARACTERS: Final = 2**20  # of one data set: so far its fault can still leave it out of the answer


def get_metadata(request: Request, context: Context, uids: Sequence[str]) -> Answer:
    """The data sets of what the UIDs of the path name; one that cannot be read is left out and logged."""
    form = model_form(request)
    if Level(len(uids)) in context.settings.dicomweb.from_index:
        return indexed_metadata(request, context, uids, form).with_header("Vary", "Accept")
    root = root_address(request, context)
    prepared = prepared_metadata(request, context, uids, root) if form is ModelForm.JSON else None
    if prepared is not None:
        return prepared.with_header("Vary", "Accept")
    stored = stored_objects(context, uids)
    if form is ModelForm.JSON:
        answer = streamed(encoded(_json_pieces(context, stored, root), stored), form.value)
    else:
        writer = MultipartWriter(form.value)
        answer = streamed(encoded(_xml_pieces(context, stored, root, writer), stored), writer.content_type)
    return answer.with_header("Vary", "Accept")


def _json_pieces(context: Context, stored: Iterator[StoredObject], root: str) -> Generator[str]:
    separator = "["
    for model in _models(context, stored, root, native_json):
        yield separator
        yield from model
        separator = ","
    yield "[]" if separator == "[" else "]"


def _xml_pieces(context: Context, stored: Iterator[StoredObject], root: str, writer: MultipartWriter) -> Generator[str]:
    for model in _models(context, stored, root, native_xml):
        yield writer.begin([("Content-Type", ModelForm.XML.value)]).decode()
        yield from model
    yield writer.end().decode()


def _models(context: Context, stored: Iterator[StoredObject], root: str, model: Model) -> Iterator[Iterator[str]]:
    """The text of each data set in pieces; each is read to its end before the next one."""
    for one in stored:
        pieces = _pieces(context, one, root, model)
        held: list[str] = []
        try:
            for piece in pieces:
                held.append(piece)
                if sum(map(len, held)) > _HELD_CHARACTERS:
                    break
        except (UnknownResource, UnreadableDicom, DamagedFile, TooLarge) as error:
            LOGGER.warning("The metadata of instance %s are left out: %s", one.id, error)
            continue
        yield chain(held, pieces)


def _pieces(context: Context, one: StoredObject, root: str, model: Model) -> Generator[str]:
    with open_kept(context, one.file, one.size) as file:
        yield from web_model(
            file,
            model,
            root=root,
            uids=one.uids,
            transfer_syntax_uid=one.transfer_syntax_uid,
            default_encoding=context.policy.default_encoding,
            dictionary=context.dictionary,
        )
