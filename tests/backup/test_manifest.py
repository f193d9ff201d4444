"""Heads and lists of backups: what is written is read again, and nothing else is believed."""

import io
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.archive.note import Note
from pacsberry.backup import layout
from pacsberry.backup.digests import DigestMap
from pacsberry.backup.known import Known
from pacsberry.backup.lines import (
    LONGEST_LINE,
    AttachmentLine,
    InstanceLine,
    Line,
    NoteLine,
    PatientLine,
    SeriesLine,
    Stored,
    StudyLine,
    read_line,
)
from pacsberry.backup.manifest import ConfigurationCopy, Failure, Head, ListWriter, check_list, read_list
from pacsberry.errors import BadBackup
from pacsberry.model import Level

ID = "01234567-89abcdef-01234567-89abcdef-01234567"
UUID = "01234567-89ab-cdef-0123-456789abcdef"
PLAIN = Stored(f"00000000/{UUID}.dcm", 10, 20, 10, 20)
NAME = layout.BackupName(7, "0007-20261121T054500Z")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
ids = st.from_regex(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}", fullmatch=True)
numbers = st.integers(0, 2**53)
checksums = st.integers(0, 2**32 - 1)
files = st.from_regex(r"[0-9]{8}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(dcm|bin)", fullmatch=True)


@st.composite
def stored(draw: st.DrawFn) -> Stored:
    file, size, crc32 = draw(files), draw(numbers), draw(checksums)
    if draw(st.booleans()):
        return Stored(f"{file}.gz", size, crc32, draw(numbers), draw(checksums))
    return Stored(file, size, crc32, size, crc32)


receipts = st.just("DicomProtocol|192.0.2.7|SCANNER|PACSBERRY|") | st.just("RestApi|192.0.2.7|||Jürgen")
a_line: st.SearchStrategy[Line] = st.one_of(
    st.builds(PatientLine, ids, texts, texts),
    st.builds(StudyLine, ids, texts),
    st.builds(SeriesLine, ids),
    st.builds(InstanceLine, ids, stored(), st.integers(0, 2**40), receipts),
    st.builds(AttachmentLine, st.sampled_from(Level), ids, st.integers(1024, 65535), numbers, st.just(""), stored()),
    st.builds(
        NoteLine,
        st.builds(
            Note,
            st.sampled_from(Level),
            ids,
            metadata=st.dictionaries(st.integers(1024, 65535), st.tuples(texts, numbers), max_size=3),
        ),
    ),
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(a_line, max_size=6))
def test_a_list_that_was_written_is_read_again(lines: list[Line]) -> None:
    assert list(read_list(io.BytesIO(_list(lines)[0]))) == lines


@given(st.lists(a_line, min_size=1, max_size=5), st.data())
def test_a_list_that_was_changed_anywhere_is_noticed(lines: list[Line], data: st.DataObject) -> None:
    raw, writer = _list(lines)
    head = _head(writer)
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes((raw[at] ^ data.draw(st.integers(1, 255)),)) + raw[at + 1 :]

    check_list(io.BytesIO(raw), head)
    for bad in (changed, raw[:at], raw + b"x"):
        with pytest.raises(BadBackup):
            check_list(io.BytesIO(bad), head)


@given(a_line, st.data())
def test_any_value_in_any_place_of_a_line_is_read_or_refused(line: Line, data: st.DataObject) -> None:
    facts = json.loads(line.to_line())
    inner = next(iter(facts.values()))
    inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(junk)

    _read_or_refuse(json.dumps(facts, separators=(",", ":")).encode())


@given(st.binary(max_size=200) | junk.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_line_or_refused(raw: bytes) -> None:
    _read_or_refuse(raw)


@given(st.binary(max_size=500))
def test_any_bytes_are_a_list_or_refused(raw: bytes) -> None:
    for packed in (raw, zlib.compress(raw, wbits=31)):
        try:
            for _ in read_list(io.BytesIO(packed)):
                pass
        except BadBackup:
            pass


@pytest.mark.parametrize(
    "file",
    [
        "../../../etc/passwd",
        f"00000000/../{UUID}.dcm",
        f"/00000000/{UUID}.dcm",
        f"00000000/{UUID}.dcm\n",
        f"00000000\\{UUID}.dcm",
        f"0000000/{UUID}.dcm",
        f"00000000/{UUID}.exe",
        f"00000000/{UUID.upper()}.dcm",
        f"00000000/{UUID}.dcm/x",
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(file: str) -> None:
    with pytest.raises(BadBackup, match="is no name of an object"):
        read_line(InstanceLine(ID, replace(PLAIN, file=file), 0, "").to_line().encode())


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"size": 2**54},
        {"size": True},
        {"size": 1.5},
        {"crc32": 2**32},
        {"received_at": 2**41},
        {"received_at": "1"},
        {"id": "x"},
        {"id": ID + "\n"},
        {"receipt": "x" * 20000},
        {"receipt": "\ud800"},
    ],
)
def test_a_value_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    facts = json.loads(InstanceLine(ID, PLAIN, 0, "").to_line())
    facts["instance"] |= change

    with pytest.raises(BadBackup):
        read_line(json.dumps(facts).encode())


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    endless = zlib.compress(b"x" * (LONGEST_LINE + 200_000), wbits=31)

    with pytest.raises(BadBackup, match="over 8 MB"):
        list(read_list(io.BytesIO(endless)))


def test_a_list_that_is_cut_short_is_refused() -> None:
    raw, _ = _list([SeriesLine(ID)] * 100)

    with pytest.raises(BadBackup, match="cut short"):
        list(read_list(io.BytesIO(raw[:-1])))


def test_an_attachment_that_only_the_system_may_have_is_refused() -> None:
    for number in (1, 1023, 65536):
        with pytest.raises(BadBackup):
            read_line(AttachmentLine(Level.STUDY, ID, number, 0, "", PLAIN).to_line().encode())


heads = st.builds(
    Head,
    name=st.just(NAME),
    program=texts,
    at=st.integers(0, 2**40),
    server=texts,
    has_secrets=st.booleans(),
    counts=st.just(dict.fromkeys(("patients", "studies", "series", "instances", "attachments", "notes"), 3)),
    stored_bytes=numbers,
    list_size=numbers,
    list_sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    configuration=st.lists(
        st.builds(ConfigurationCopy, st.just("01-site.json"), texts, numbers, checksums, st.booleans()), max_size=2
    ).map(tuple),
    left_out=st.lists(texts, max_size=2).map(tuple),
    failures=st.lists(st.builds(Failure, texts, texts), max_size=2).map(tuple),
    failure_count=numbers,
)


@given(heads)
def test_a_head_that_was_written_is_read_again(head: Head) -> None:
    assert Head.of_bytes(head.to_bytes(), NAME) == head


@given(heads, st.data())
def test_a_head_that_was_cut_or_changed_is_refused(head: Head, data: st.DataObject) -> None:
    raw = head.to_bytes()
    facts = json.loads(raw)
    name = data.draw(st.sampled_from(sorted(facts)))
    other = data.draw(junk.filter(lambda value: json.dumps(value) != json.dumps(facts[name])))

    with pytest.raises(BadBackup):
        Head.of_bytes(raw[: data.draw(st.integers(0, len(raw) - 3))], NAME)
    with pytest.raises(BadBackup):
        Head.of_bytes(json.dumps(facts | {name: other}).encode(), NAME)


def test_a_backup_of_a_later_version_says_so() -> None:
    with pytest.raises(BadBackup, match="has the form 2; this Pacsberry knows form 1"):
        Head.of_bytes(b'{"pacsberry-backup": 2, "anything": "else"}', NAME)


@given(st.text(max_size=300))
def test_names_of_copies_are_fit_for_fat(name: str) -> None:
    made = layout.copy_name(1, name)

    assert layout.is_copy(made)
    assert not set(made) & set('\\/:*?"<>|')


def test_names_of_backups_are_in_the_order_of_their_numbers() -> None:
    names = [layout.BackupName.of(layout.backup_name(number, at)) for number, at in ((1, 5e8), (2, 0), (10000, 1e8))]

    assert None not in names
    assert sorted(names, key=str) != sorted(names)  # type: ignore[type-var]
    assert sorted(names) == names  # type: ignore[type-var]
    assert layout.BackupName.of("0001-19700101T000000Z/..") is None


@given(st.sets(st.text(max_size=10), max_size=50), st.text(max_size=10))
def test_digests_find_what_was_added_and_nothing_else(names: set[str], other: str) -> None:
    found = DigestMap()
    for name in names:
        found.add(name)

    assert all(name in found for name in names)
    assert (other in found) == (other in names)
    assert len(found) == len(names)


@given(st.lists(st.tuples(ids, stored()), max_size=5, unique_by=lambda pair: (pair[0], pair[1].size, pair[1].crc32)))
def test_known_objects_are_found_by_their_content(objects: list[tuple[str, Stored]]) -> None:
    known = Known()
    for resource_id, one in objects:
        known.add(resource_id, 1, one)

    for resource_id, one in objects:
        assert known.find(resource_id, 1, one.size, one.crc32) == one
        assert known.find(resource_id, 1030, one.size, one.crc32) is None
        assert known.find(resource_id, 1, one.size + 2**54, one.crc32) is None
        assert known.find(resource_id, 1, one.size, None) is None


def _list(lines: list[Line]) -> tuple[bytes, ListWriter]:
    out = io.BytesIO()
    writer = ListWriter(out.write)
    for line in lines:
        writer.add(line)
    writer.finish()
    return out.getvalue(), writer


def _head(writer: ListWriter) -> Head:
    counts = dict.fromkeys(("patients", "studies", "series", "instances", "attachments", "notes"), 0)
    return Head(NAME, "1", 0, "box", False, counts, 0, writer.size, writer.sha256)


def _read_or_refuse(raw: bytes) -> None:
    try:
        line = read_line(raw)
    except BadBackup:
        return
    assert read_line(line.to_line().encode()) == line
