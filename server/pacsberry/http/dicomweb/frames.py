"""WADO-RS: frames as they are stored or prepared, else transcoded one by one (PS3.18 10.4.1.1.6, 8.7.3.3).

Native pixels are told as Explicit VR Little Endian whatever the file is in: words of a big endian file are turned.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO, Final

from pacsberry.dicom.frames import Frames
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.syntax import DEFLATED, UNCOMPRESSED_SYNTAXES
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.http.answers import BINARY, Answer, Part, Piece
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import frame_answer, made_answer
from pacsberry.http.dicomweb import frame_types
from pacsberry.http.dicomweb.addresses import resource_path, root_address
from pacsberry.http.dicomweb.frame_types import MEDIA_TYPES, transcoding_target
from pacsberry.http.dicomweb.media import MULTIPART
from pacsberry.http.dicomweb.multipart import MultipartWriter
from pacsberry.http.dicomweb.objects import StoredObject, one_object
from pacsberry.http.dicomweb.prepared_frames import JPEG_LS, prepared_frames
from pacsberry.http.errors import NotAcceptable
from pacsberry.http.mediatypes import MediaRange, accepted_by
from pacsberry.http.pictures import etag_of
from pacsberry.http.rendering import is_known
from pacsberry.http.request import Request
from pacsberry.http.streams import streamed
from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Product

_MOST_FRAMES: Final = 4096  # of one request
_MOST_PIECES: Final = 8192  # held for one answer, 1 MB; what is in more fragments is read as it is sent
_LARGEST_NUMBER: Final = 9  # digits
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_NATIVE: Final = UNCOMPRESSED_SYNTAXES | {DEFLATED, ""}  # '': the file does not say
_CHUNK_BYTES: Final = 262_144


@dataclass(frozen=True, slots=True)
class _Form:
    is_multipart: bool
    media_type: str
    transfer_syntax: str

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


def get_frames(request: Request, context: Context, uids: Sequence[str], listed: str) -> Answer:
    """Frames by a list of numbers from 1 on, one to a part; a single one alone where the client asks for that."""
    numbers = _numbers(listed)
    one = one_object(context, uids)
    stored = _EXPLICIT if one.transfer_syntax_uid in _NATIVE else one.transfer_syntax_uid
    with ExitStack() as stack:
        prepared = prepared_frames(context, one, numbers) if _may_be_prepared(request, stored) else []
        if prepared:
            stack.enter_context(prepared[0].file)
        form = _form(request, context, stored, has_prepared=bool(prepared), may_be_single=len(numbers) == 1)
        is_prepared = bool(prepared) and form.transfer_syntax == JPEG_LS
        etag = etag_of(one.file, numbers, form, is_prepared)  # another encoder's bytes are others
        if is_known(f'"{etag}"', request):
            return Answer.empty().with_etag(etag)
        if form.transfer_syntax == stored:
            answer = _stored(request, context, one, numbers, form, etag)
        elif not is_prepared:
            answer = _transcoded(request, context, one, numbers, form, etag)
        else:
            answer = _prepared(request, context, one, numbers, form, etag, prepared)
            stack.pop_all()  # the answer closes the file
    return answer.with_etag(etag).with_header("Vary", "Accept")


def _stored(
    request: Request, context: Context, one: StoredObject, numbers: Sequence[int], form: _Form, etag: str
) -> Answer:
    """The frames as they lie in the file of the instance."""
    with ExitStack() as stack:
        file = stack.enter_context(context.archive.files.open(one.file, one.size))
        frames = _frames(file, numbers)
        stack.pop_all()  # the answer closes the file
    if not form.is_multipart:
        return frame_answer(file, frames, numbers[0] - 1, form.content_type)
    writer = MultipartWriter(form.media_type, boundary=etag)  # a file that is stored knows nothing of its tag
    return _multipart(file, frames, numbers, writer, form, root_address(request, context) + resource_path(*one.uids))


def _frames(file: BinaryIO, numbers: Sequence[int]) -> Frames:
    """The frames of an open file; UnknownResource when it has fewer than are asked for."""
    frames = Frames(DicomFile.open(file))
    if max(numbers) > frames.count:
        raise UnknownResource(f"There is no frame {max(numbers)}: the instance has {frames.count}.")
    return frames


def _prepared(
    request: Request,
    context: Context,
    one: StoredObject,
    numbers: Sequence[int],
    form: _Form,
    etag: str,
    prepared: Sequence[Part],
) -> Answer:
    """The frames out of the pack of their series."""
    if not form.is_multipart:
        part = prepared[0]
        return Answer.part(part.file, part.offset, part.length, form.content_type)
    writer = MultipartWriter(form.media_type, boundary=etag)
    address = root_address(request, context) + resource_path(*one.uids)
    pieces: list[Piece] = []
    for number, part in zip(numbers, prepared, strict=True):
        pieces += [_head(number, part.length, writer, form, address), part]
    return Answer.pieces([*pieces, writer.end()], writer.content_type)


def _transcoded(
    request: Request, context: Context, one: StoredObject, numbers: Sequence[int], form: _Form, etag: str
) -> Answer:
    """Each frame made by a pixel worker when its turn comes; UnknownResource, NotUnderstood before the first."""
    with context.archive.files.open(one.file, one.size) as file:
        _frames(file, numbers)

    def made(number: int) -> Made:
        order = Order(Product.STREAM, frame=number - 1, transfer_syntax=form.transfer_syntax)
        return context.pictures.make(one.file, order, size=one.size)

    writer = MultipartWriter(form.media_type, boundary=etag)
    address = root_address(request, context) + resource_path(*one.uids)

    def parts() -> Generator[bytes]:
        for number in numbers:
            frame = made(number)
            with frame.file:
                yield _head(number, frame.length, writer, form, address)
                while chunk := frame.file.read(_CHUNK_BYTES):
                    yield chunk
        yield writer.end()

    with request.waiting():
        if form.is_multipart:
            return streamed(parts(), writer.content_type)
        frame = made(numbers[0])
        return Answer.part(frame.file, 0, frame.length, form.content_type)


def _may_be_prepared(request: Request, stored: str) -> bool:
    """Whether the client takes JPEG-LS, and the frames are not stored so."""
    if stored == JPEG_LS:
        return False
    return any(
        wanted.parameters.get("transfer-syntax") in ("*", JPEG_LS)
        or _family(frame_types.JPEG_LS) & {wanted.kind, wanted.inside}
        for wanted in accepted_by(request)
    )


def _numbers(listed: str) -> list[int]:
    texts = listed.split(",")
    if len(texts) > _MOST_FRAMES:
        raise BadRequest(f"At most {_MOST_FRAMES} frames can be asked for at once.")
    if not all(text.isascii() and text.isdigit() and len(text) <= _LARGEST_NUMBER and int(text) for text in texts):
        raise BadRequest(f"The frames are {listed[:40]!r}; numbers from 1 on with commas between them are expected.")
    return [int(text) for text in texts]


def _form(request: Request, context: Context, stored: str, *, has_prepared: bool, may_be_single: bool) -> _Form:
    """The first form the client takes; of those it likes equally, one that needs no decoding.  NotAcceptable."""
    choices = [stored, JPEG_LS] if has_prepared else [stored]
    for _, liked in groupby(accepted_by(request), key=lambda wanted: wanted.weight):
        made: _Form | None = None  # the first one that a pixel worker would have to make
        for wanted in liked:
            is_multipart = wanted.kind in (MULTIPART, "multipart/*", "*/*")
            inside = wanted.inside if is_multipart else wanted.kind
            if not (is_multipart or may_be_single):
                continue
            is_any = wanted.parameters.get("transfer-syntax") == "*"
            for syntax in reversed(choices) if is_any and context.settings.dicomweb.prefers_prepared else choices:
                own = MEDIA_TYPES.get(syntax, BINARY)
                if _takes(wanted, inside, own, syntax, stored):
                    return _Form(is_multipart, BINARY if inside == BINARY else own, syntax)
            target = transcoding_target(wanted, inside, stored)
            if target and made is None:
                made = _Form(is_multipart, BINARY if inside == BINARY else MEDIA_TYPES.get(target, BINARY), target)
        if made is not None:
            return made
    own = MEDIA_TYPES.get(stored, BINARY)
    raise NotAcceptable(f"The frames can be had as they are stored: {own}; transfer-syntax={stored}.")


def _takes(wanted: MediaRange, inside: str, own: str, syntax: str, stored: str) -> bool:
    """Whether frames of the media type `own` in the transfer syntax `syntax` are among what is wanted."""
    if inside not in ("", BINARY, *_family(own)):
        return False
    # PS3.18 8.7.3.3.2: octets are not compressed unless the client names the transfer syntax.
    default = _EXPLICIT if inside == BINARY else syntax if inside else stored
    return (wanted.parameters.get("transfer-syntax") or default) in ("*", syntax)


def _family(media_type: str) -> set[str]:
    return {media_type, f"{media_type.partition('/')[0]}/*"}


def _multipart(
    file: BinaryIO, frames: Frames, numbers: Sequence[int], writer: MultipartWriter, form: _Form, address: str
) -> Answer:
    """Sent by the kernel where all frames lie in the file as they are wanted, else made on the way."""
    pieces: list[Piece] = []
    for number in numbers:
        stretches = frames.stretches(number - 1)
        if stretches is None or len(pieces) + len(stretches) > _MOST_PIECES:
            file_parts = _parts(frames, numbers, MultipartWriter(form.media_type, writer.boundary), form, address)
            return made_answer(file, file_parts, writer.content_type)
        pieces.append(_head(number, frames.length(number - 1), writer, form, address))
        pieces += [Part(file, offset, length) for offset, length in stretches]
    pieces.append(writer.end())
    return Answer.pieces(pieces, writer.content_type)


def _parts(
    frames: Frames, numbers: Sequence[int], writer: MultipartWriter, form: _Form, address: str
) -> Iterator[bytes]:
    for number in numbers:
        yield _head(number, frames.length(number - 1), writer, form, address)
        yield from frames.chunks(number - 1)
    yield writer.end()


def _head(number: int, length: int, writer: MultipartWriter, form: _Form, address: str) -> bytes:
    return writer.begin(
        [
            ("Content-Type", form.content_type),
            ("Content-Length", str(length)),
            ("Content-Location", f"{address}/frames/{number}"),
        ]
    )
