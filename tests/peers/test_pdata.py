"""P-DATA-TF PDUs: what comes is checked, what goes is cut right."""

import io
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.peers.pdata import FileCutter, Fragment, MalformedPdu, fragment_bytes, fragments, pdus


def pdv(context_id: int, control: int, data: bytes) -> bytes:
    return struct.pack(">LBB", len(data) + 2, context_id, control) + data


def split(body: bytes) -> list[tuple[int, bool, bool, bytes]]:
    return [(f.context_id, f.is_command, f.is_last, bytes(f.data)) for f in fragments(memoryview(body))]


def received(stream: bytes) -> list[Fragment]:
    """All fragments of a stream of PDUs."""
    found: list[Fragment] = []
    source = io.BytesIO(stream)
    while header := source.read(6):
        kind, length = struct.unpack(">BxL", header)
        assert kind == 0x04
        found += fragments(memoryview(source.read(length)))
    return found


def test_a_pdu_with_a_command_and_a_data_set_gives_both() -> None:
    assert split(pdv(1, 3, b"command") + pdv(1, 2, b"data")) == [(1, True, True, b"command"), (1, False, True, b"data")]


def test_an_empty_fragment_is_one() -> None:
    assert split(pdv(5, 0, b"")) == [(5, False, False, b"")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0\0\0\2\1",
        struct.pack(">LBB", 0, 1, 3),
        struct.pack(">LBB", 1, 1, 3),
        b"\0\0\0\0" + pdv(1, 3, b""),
        struct.pack(">LBB", 3, 1, 3),
        struct.pack(">LBB", 0xFFFFFFFF, 1, 3) + b"x",
        pdv(1, 3, b"whole") + b"\0\0\0",
        pdv(1, 3, b"whole") + struct.pack(">LBB", 9, 1, 0) + b"short",
    ],
)
def test_a_length_that_is_not_true_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedPdu) as caught:
        split(body)
    assert caught.value.reason == 0x06


@given(st.binary(max_size=200))
def test_no_bytes_make_the_splitter_lose_or_invent_data(body: bytes) -> None:
    try:
        found = split(body)
    except MalformedPdu:
        return
    assert b"".join(pdv(i, c | (last << 1), data) for i, c, last, data in found) == bytes(
        b if n not in _controls(body) else b & 3 for n, b in enumerate(body)
    )


def _controls(body: bytes) -> set[int]:
    places, offset = set(), 0
    while offset < len(body):
        places.add(offset + 5)
        offset += 4 + int.from_bytes(body[offset : offset + 4], "big")
    return places


@pytest.mark.parametrize(
    ("peer_maximum", "expected"),
    [(0, 131066), (None, 131066), (16384, 16378), (16382, 16376), (16383, 16376), (1 << 20, 131066), (1024, 1018)],
)
def test_fragments_fit_the_peer_and_are_even(peer_maximum: int | None, expected: int) -> None:
    assert fragment_bytes(peer_maximum) == expected


@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 19, 20, 21, 30])
def test_a_message_part_comes_out_of_its_pdus_as_it_went_in(length: int) -> None:
    data = bytes(range(length))

    found = received(pdus(3, data, 10, is_command=False))

    assert b"".join(f.data for f in found) == data
    assert [f.is_last for f in found] == [False] * (len(found) - 1) + [True]
    assert all(len(f.data) <= 10 and f.context_id == 3 and not f.is_command for f in found)


@given(length=st.integers(1, 700_000), size=st.sampled_from([1018, 16376, 16378, 131066]), offset=st.integers(0, 400))
def test_a_file_comes_out_of_its_pdus_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, length: int, size: int, offset: int
) -> None:
    content = (os.urandom(997) * (length // 997 + 1))[:length]
    path: Path = tmp_path_factory.mktemp("cut") / "file"
    path.write_bytes(b"m" * offset + content)
    stream = bytearray()

    with path.open("rb") as file:
        cutter = FileCutter(size)
        cutter.send(file, offset, length, 7, stream.extend)
        first = bytes(stream)
        stream.clear()
        cutter.send(file, offset, length, 7, stream.extend)  # the buffer is used again

    assert bytes(stream) == first
    found = received(first)
    assert b"".join(f.data for f in found) == content + b"\0" * (length % 2)
    assert [f.is_last for f in found] == [False] * (len(found) - 1) + [True]
    assert all(len(f.data) <= size and f.context_id == 7 and not f.is_command for f in found)
    assert all(len(f.data) % 2 == 0 for f in found)


def test_a_file_that_is_shorter_than_it_should_be_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)

    with path.open("rb") as file, pytest.raises(OSError, match="shorter"):
        FileCutter(1000).send(file, 0, 101, 1, len)
