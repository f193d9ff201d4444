"""The reader of multipart bodies: parts come out as they went in, however the bytes are cut, and nothing is held."""

import email
import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.http.dicomweb.parts import BadMultipart, PartBegins, PartEnds, PartsReader

Part = tuple[dict[str, str], bytes]

BOUNDARY: Final = "abc"
TYPED: Final = b"Content-Type: application/dicom\r\n"


def pieces(data: bytes, *cuts: int) -> Iterator[bytes]:
    places = [0, *sorted(cuts), len(data)]
    for start, end in itertools.pairwise(places):
        yield data[start:end]


def read(chunks: Iterator[bytes] | Sequence[bytes], boundary: str = BOUNDARY) -> list[Part]:
    """The parts that were ended, with their contents; BadMultipart."""
    reader = PartsReader(boundary)
    found: list[Part] = []
    open_parts: list[tuple[dict[str, str], list[bytes]]] = []

    def follow(events: Iterator[object]) -> None:
        for event in events:
            if isinstance(event, PartBegins):
                assert not open_parts
                open_parts.append((dict(event.headers), []))
            elif isinstance(event, PartEnds):
                headers, contents = open_parts.pop()
                found.append((headers, b"".join(contents)))
            else:
                assert isinstance(event, memoryview)
                open_parts[-1][1].append(bytes(event))

    for chunk in chunks:
        follow(reader.feed(chunk))
    follow(reader.end())
    return found


def body(*contents: bytes, boundary: str = BOUNDARY, headers: bytes = TYPED, newline: bytes = b"\r\n") -> bytes:
    delimiter = b"--" + boundary.encode()
    lines = [delimiter + newline + headers + newline + content + newline for content in contents]
    return b"".join(lines) + delimiter + b"--" + newline


@pytest.mark.parametrize(
    "contents",
    [
        (),
        (b"",),
        (b"one", b"two"),
        (b"\r\n", b"\r\n\r\n"),
        (b"--abcd", b"x--abc--"),
        (b"\r\n--ab\r\n--abcd\r\n--abc-\r\n--abc--x",),
        (b"\n--abc\n", b"\r--abc\r\n"),
        (b"\r\n--abc\t \tx",),
        (bytes(range(256)) * 300,),
    ],
    ids=repr,
)
def test_parts_come_out_as_they_went_in_wherever_the_bytes_are_cut(contents: tuple[bytes, ...]) -> None:
    data = body(*contents)
    cuts = range(1, len(data), 1 + len(data) // 500)

    assert [content for _, content in read([data])] == list(contents)
    for cut in cuts:
        assert [content for _, content in read(pieces(data, cut))] == list(contents)
    assert [content for _, content in read([bytes([byte]) for byte in data])] == list(contents)


@given(
    st.lists(st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--abc", b"--", b"a", b" ", b"\0"])).map(b"".join)),
    st.lists(st.integers(0, 400)),
)
def test_contents_made_of_pieces_of_boundaries_are_told_from_boundaries(contents: list[bytes], cuts: list[int]) -> None:
    data = body(*contents, boundary="abcdef")
    inside = [min(cut, len(data)) for cut in cuts]

    assert [content for _, content in read(pieces(data, *inside), "abcdef")] == contents


@given(st.binary(max_size=400), st.lists(st.integers(0, 400)))
def test_whatever_the_bytes_are_the_cuts_make_no_difference(data: bytes, cuts: list[int]) -> None:
    data = b"--abc\r\n" + data.replace(b"\xff", b"\r\n--abc").replace(b"\xfe", b"\r\n\r\n").replace(b"\xfd", b": ")

    def outcome(chunks: Iterator[bytes]) -> object:
        try:
            return read(chunks)
        except BadMultipart as error:
            return str(error)

    assert outcome(pieces(data)) == outcome(pieces(data, *(min(cut, len(data)) for cut in cuts)))


@given(
    st.lists(
        st.tuples(
            st.dictionaries(
                st.from_regex(r"X-[A-Za-z]{1,8}", fullmatch=True), st.from_regex(r"[a-z]{1,9}", fullmatch=True)
            ),
            st.from_regex(r"[a-z \r\n-]{0,40}", fullmatch=True),
        ),
        min_size=1,
    )
)
def test_pythons_own_reader_of_mail_sees_the_same_parts(parts: list[tuple[dict[str, str], str]]) -> None:
    lines = []
    for headers, content in parts:
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        lines.append(f"--bound\r\n{text}\r\n{content}\r\n")
    data = ("".join(lines) + "--bound--\r\n").encode()
    message = email.message_from_bytes(b"Content-Type: multipart/related; boundary=bound\r\n\r\n" + data)
    theirs = [part for part in message.get_payload() if not isinstance(part, str)]

    ours = read([data], "bound")

    assert [len(headers) for headers, _ in ours] == [len({name.lower() for name in part}) for part in theirs]
    assert [content for _, content in ours] == [content.encode() for _, content in parts]


def test_headers_are_told_by_name_in_lower_case_and_unfolded() -> None:
    headers = b"CONTENT-Type: application/dicom;\r\n  transfer-syntax=1.2\r\nContent-ID:<x>\r\nContent-ID: <y>\r\n"

    [(told, content)] = read([body(b"x", headers=headers)])

    assert told == {"content-type": "application/dicom; transfer-syntax=1.2", "content-id": "<x>"}
    assert content == b"x"


def test_preamble_epilogue_and_padding_are_passed_over() -> None:
    data = (
        b"Hello\r\n\r\n--abc  \t\r\n\r\none\r\n--abc\t\r\n\r\ntwo\r\n--abc-- \r\nBye\r\n--abc\r\n\r\nthree\r\n--abc--"
    )

    assert [content for _, content in read([data])] == [b"one", b"two"]


def test_the_last_line_may_end_with_the_body() -> None:
    assert [content for _, content in read([b"--abc\r\n\r\none\r\n--abc--"])] == [b"one"]
    assert [content for _, content in read([b"--abc\r\n\r\none\r\n--abc"])] == [b"one"]
    assert [content for _, content in read([b"--abc\r\n\r\none\r\n--abc\r\n"])] == [b"one"]
    assert read([b"--abc--"]) == []


def test_a_body_with_bare_line_feeds_is_read_and_then_carriage_returns_are_content() -> None:
    data = b"--abc\nContent-Type: text/plain\n\none\r\n--abc\n\n\r\n--abc--\n"

    assert read([data]) == [({"content-type": "text/plain"}, b"one\r"), ({}, b"\r")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nowhere"),
        (b"no boundary at all", "nowhere"),
        (b"--abd\r\n\r\nx\r\n--abd--", "nowhere"),
        (b"--abc\r\n\r\nthe end is missing", "in the middle"),
        (b"--abc\r\n\r\nx\r\n--abc-", "in the middle"),
        (b"--abc\r\n\r\nx\r\n--abc--x", "in the middle"),
        (b"--abc\r\nContent-Type: text/plain", "in the middle"),
        (b"--abc\r\nno colon\r\n\r\nx\r\n--abc--", "header"),
        (b"--abc\r\nbad name: x\r\n\r\nx\r\n--abc--", "header"),
        (b"--abc\r\n: x\r\n\r\nx\r\n--abc--", "header"),
        (b"--abc\r\n--abc\r\n\r\n--abc--", "header"),
        (b"--abc\r\nA: " + b"x" * 20000 + b"\r\n\r\nx\r\n--abc--", "longer than"),
        (b"x" * 70000 + b"\r\n--abc\r\n\r\nx\r\n--abc--", "not at the beginning"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BadMultipart, match=reason):
        read([data])


@pytest.mark.parametrize("boundary", ["", " ", "a ", "ä", "a\r\n", "a\0", "x" * 129])
def test_what_is_no_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(BadMultipart, match="is none"):
        PartsReader(boundary)


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"", b"\n--ab"),
        (b"", b"\r\n"),
        (b"--abc\r\n\r\n", b"\r\n--ab"),
        (b"--abc\r\n\r\n", b"\r\n--abc\t"),
        (b"--abc\r\n\r\n", b"\0"),
        (b"--abc\r\n", b"A: b\r\n"),
        (b"--abc\r\n", b"\r"),
        (b"--abc--\r\n", b"\r\n--abc"),
    ],
    ids=repr,
)
def test_an_endless_body_is_never_held(start: bytes, chunk: bytes) -> None:
    reader = PartsReader(BOUNDARY)
    held = 0
    try:
        for data in (start, *[chunk * 1000] * 100):
            for _ in reader.feed(data):
                pass
            held = max(held, len(reader._rest))
    except BadMultipart:
        pass

    assert held < 20000
