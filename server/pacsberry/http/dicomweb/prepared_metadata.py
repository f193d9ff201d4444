"""Metadata of series that were prepared: no file of the archive is opened for them, and to who takes gzip they go as
they lie, once the addresses in them are those by which the client knows this server.

What was made for the last few series and addresses stays in memory: a class opens the same ones, by one address.
"""

import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.deflated import Packed, gzip_of, plain
from pacsberry.http.dicomweb.media import ModelForm
from pacsberry.http.dicomweb.objects import series_of
from pacsberry.http.pictures import etag_of
from pacsberry.http.rendering import accepts_gzip, is_known
from pacsberry.http.request import Request
from pacsberry.http.streams import streamed
from pacsberry.imaging.prepared.kinds import METADATA, PLACES
from pacsberry.imaging.prepared.store import Address, Opened

_LEVEL: Final = 6  # of deflate
_READ_BYTES: Final = 65536
_MOST_REMEMBERED: Final = 1 << 20  # bytes of packed text in memory
_MOST_BYTES: Final = 8 << 20  # of a packed answer; a longer one is sent unpacked, as a stream
_MOST_SERIES: Final = 256  # of a study: each is an open file


def prepared_metadata(request: Request, context: Context, uids: Sequence[str], root: str) -> Answer | None:
    """The JSON of a study or a series; None when not all of it is prepared, which is begun then."""
    if len(uids) == 3 or context.preparer is None or not context.settings.dicomweb.keeps_metadata:
        return None
    with ExitStack() as stack:
        found = _opened(context, uids, stack)
        if not found:
            return None
        is_packed = accepts_gzip(request)
        etag = etag_of([address for address, _ in found], root, is_packed)
        if is_known(f'"{etag}"', request):
            return Answer.empty().with_etag(etag)
        answer = _gzipped(found, root) if is_packed else None
        if answer is None:
            answer = streamed(_unpacked([opened for _, opened in found], root, stack.pop_all()), ModelForm.JSON.value)
    return answer.with_etag(etag)


def _opened(context: Context, uids: Sequence[str], stack: ExitStack) -> list[tuple[Address, Opened]]:
    """The prepared file of each series, which `stack` closes; nothing when one is missing."""
    series = series_of(context, uids)
    if len(series) > _MOST_SERIES or context.preparer is None:
        return []
    found, missing = [], []
    for id in series:
        address = Address(id, context.archive.contents.digest(id), METADATA)
        opened = context.preparer.store.open(address)
        if opened is not None:
            stack.enter_context(opened.file)
            if opened.facts.get("DefaultEncoding") != context.policy.default_encoding:
                context.preparer.store.drop(address)
                opened = None
        if opened is None:
            missing.append(address)
        elif "Mark" in opened.facts:
            found.append((address, opened))
        else:  # one that cannot be prepared, and is told from its files
            return []
    for address in missing:
        context.preparer.demand(address.series, address.digest, (METADATA, PLACES))
    return [] if missing else found


# --- as they lie -----------------------------------------------------------------------------------------------------


def _gzipped(found: Sequence[tuple[Address, Opened]], root: str) -> Answer | None:
    """The answer packed; None when that is too long for the memory."""
    stretches = [plain(b"[")]
    size = 0
    for address, opened in found:
        if not opened.facts["CountInstances"]:
            continue
        if len(stretches) > 1:
            stretches.append(plain(b","))
        stretches.append(_RECENT.rooted(address, opened, root))
        size += len(stretches[-1].data)
        if size > _MOST_BYTES:
            return None
    stretches.append(plain(b"]", is_last=True))
    answer = Answer.data(b"".join(gzip_of(stretches)), ModelForm.JSON.value)
    return answer.with_header("Content-Encoding", "gzip").with_header("Vary", "Accept-Encoding")


class _Recent:
    """Packed texts with the addresses of this server in them; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the two fields below
        self._packed: OrderedDict[tuple[str, str, str], Packed] = OrderedDict()
        self._bytes = 0

    def rooted(self, address: Address, opened: Opened, root: str) -> Packed:
        """The text of one series for one address of this server."""
        key = (address.series, address.digest, root)
        with self._lock:
            found = self._packed.get(key)
            if found is not None:
                self._packed.move_to_end(key)
                return found
        packer, crc32, length = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15), 0, 0
        pieces = []
        for text in _text(opened, root):
            crc32, length = zlib.crc32(text, crc32), length + len(text)
            pieces.append(packer.compress(text))
        pieces.append(packer.flush(zlib.Z_FULL_FLUSH))
        found = Packed(b"".join(pieces), crc32, length)
        self._remember(key, found)
        return found

    def _remember(self, key: tuple[str, str, str], packed: Packed) -> None:
        with self._lock:
            if key in self._packed or len(packed.data) > _MOST_REMEMBERED // 2:
                return
            self._packed[key] = packed
            self._bytes += len(packed.data)
            while self._bytes > _MOST_REMEMBERED:
                self._bytes -= len(self._packed.popitem(last=False)[1].data)


_RECENT: Final = _Recent()


# --- as text ---------------------------------------------------------------------------------------------------------


def _unpacked(found: Sequence[Opened], root: str, stack: ExitStack) -> Generator[bytes]:
    with stack:
        separator = b"["
        for opened in found:
            if opened.facts["CountInstances"]:
                yield separator
                yield from _text(opened, root)
                separator = b","
        yield b"[]" if separator == b"[" else b"]"


def _text(opened: Opened, root: str) -> Iterator[bytes]:
    """The text of one series with the address of this server in the place of the mark."""
    mark = str(opened.facts["Mark"]).encode()
    address = json.dumps(root, ensure_ascii=False)[1:-1].encode(errors="replace")
    unpacker = zlib.decompressobj(-15)
    opened.file.seek(0)
    left, held = opened.length, b""
    while left > 0:
        data = opened.file.read(min(_READ_BYTES, left))
        if not data:
            raise EOFError("A prepared file is shorter than it was.")
        left -= len(data)
        while data:
            held += unpacker.decompress(data, _READ_BYTES)
            data = unpacker.unconsumed_tail
            held = held.replace(mark, address)
            cut = max(0, len(held) - len(mark) + 1)  # a mark may go on in what comes next
            yield held[:cut]
            held = held[cut:]
    yield (held + unpacker.flush()).replace(mark, address)
