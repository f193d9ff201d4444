"""Notes: the facts that live only in the index, read from it, written as lines, merged back."""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pacsberry.archive import Archive, note, notes
from pacsberry.archive.note import BadNote, Note, NotedFile
from pacsberry.archive.notes import all_notes, write_note
from pacsberry.model import Level
from tests.archive.keeping_aids import keep, make_header, open_archive

IDS = make_header().identifiers
UUID = "01234567-89ab-cdef-0123-456789abcdef"
ID = "01234567-89abcdef-01234567-89abcdef-01234567"

_FILES = st.builds(
    NotedFile,
    number=st.integers(1024, 65535),
    file=st.sampled_from([f"00000000/{UUID}.bin", f"00000012/{UUID}.bin.gz"]),
    size=st.integers(0, 2**53),
    md5=st.sampled_from(["", "0123456789abcdef" * 2]),
    crc32=st.none() | st.integers(0, 2**32 - 1),
    stored_size=st.none() | st.integers(0, 2**53),
    revision=st.integers(0, 2**53),
)
NOTES = st.builds(
    Note,
    level=st.sampled_from([Level.PATIENT, Level.STUDY, Level.SERIES]),
    id=st.just(ID),
    labels=st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)).map(lambda found: tuple(sorted(set(found)))),
    metadata=st.dictionaries(
        st.sampled_from([5, 6]) | st.integers(1024, 65535),
        st.tuples(st.text(st.characters(codec="utf-8")), st.integers(0, 2**53)),
    ),
    protected=st.booleans(),
    attachments=st.lists(_FILES).map(tuple),
    more=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.fixture
def archive(storage: Path) -> Iterator[Archive]:
    """An archive with two instances of one series."""
    with open_archive(storage) as opened:
        for number in (1, 2):
            keep(opened, make_header(instance=number))
        yield opened


def attach(archive: Archive, level: Level, name: str, content: bytes) -> None:
    with archive.spool() as spool:
        spool.write(content)
        archive.attachments.put(level, IDS.orthanc_id(level), name, spool)


def execute(change: str, connection: sqlite3.Connection) -> None:
    connection.execute(change)


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.01)


def annotate(archive: Archive) -> None:
    """Facts of every kind, some of them changed and taken back."""
    study, series = IDS.orthanc_id(Level.STUDY), IDS.orthanc_id(Level.SERIES)
    for label in ("week-2", "exam", "wrong"):
        archive.labels.add(Level.STUDY, study, label)
    archive.labels.remove(Level.STUDY, study, "wrong")
    for value in ("first", 'second "line"\n\u2028 \U0001f9b4'):
        archive.metadata.put(Level.SERIES, series, "1024", value)
    archive.metadata.put(Level.INSTANCE, IDS.orthanc_id(Level.INSTANCE), "65535", "")
    archive.protection.protect(Level.PATIENT, IDS.orthanc_id(Level.PATIENT), protected=True)
    attach(archive, Level.STUDY, "1025", b"a report")
    attach(archive, Level.STUDY, "1025", b"a better report")


# --- lines ---------------------------------------------------------------------------------------------------


@given(NOTES)
def test_a_note_is_the_same_after_it_was_a_line(noted: Note) -> None:
    line = noted.to_line()

    assert "\n" not in line
    assert Note.of_line(line) == Note.of_line(line.encode()) == noted


@given(NOTES, st.data())
def test_a_line_that_was_tampered_with_is_refused_or_a_note(noted: Note, data: st.DataObject) -> None:
    line = noted.to_line().encode()
    cut = data.draw(st.integers(0, len(line)))
    for tampered in (
        line[:cut],
        line[:cut] + data.draw(st.binary(max_size=20)) + line[cut:],
        line.decode().encode("utf-16"),
        line.replace(b"0", data.draw(st.sampled_from([b"NaN", b"1e999", b"-1", b'"x"', b"null", b"[]", b"9" * 5000]))),
    ):
        try:
            found = Note.of_line(tampered)
        except BadNote:
            continue
        assert Note.of_line(found.to_line()) == found


@given(
    st.dictionaries(
        st.sampled_from(["v", "level", "id", "labels", "metadata", "protected", "attachments", "more"]), JSON
    ),
    st.booleans(),
)
@example({"labels": ["a b"]}, True)
@example({"labels": [["exam"]]}, True)
@example({"metadata": {"2": ["20200101T000000", 0]}}, True)
@example({"metadata": {"1024": ["x", True]}}, True)
@example({"metadata": {"1024": ["\ud800", 0]}}, True)
@example({"metadata": {"\u0661\u0660\u0662\u0664": ["x", 0]}}, True)
@example({"attachments": [{"number": 1024, "file": "../../etc/passwd", "size": 1, "revision": 0}]}, True)
@example({"attachments": [{"number": 1, "file": f"00000000/{UUID}.bin", "size": 1, "revision": 0}]}, True)
@example({"level": "instance", "protected": True}, True)
@example({"id": "x"}, True)
@example({"protected": True}, True)
def test_members_of_wrong_types_are_refused(members: dict[str, object], framed: bool) -> None:
    facts: dict[str, object] = {"v": 1, "level": "study", "id": ID} if framed else {}
    line = json.dumps(facts | members)

    try:
        found = Note.of_line(line)
    except BadNote:
        return
    assert found.protected == (members.get("protected") is True)  # which is of the right type
    assert replace(found, protected=False).is_empty
    assert (found.level, found.id) == (Level.STUDY, ID)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe{}", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b"[]", "no JSON object"),
        (b'{"v":2,"level":"study"}', "Version 2"),
        (b'{"v":true,"level":"study"}', "v should be"),
        (b'{"v":NaN}', "no JSON"),
        (b'{"v":1,"level":"study","id":"' + b"x" * note.LONGEST_LINE + b'"}', "longer than 8 MB"),
        (b'{"v":1,"level":"planet"}', "level should be"),
    ],
)
def test_what_is_no_note_is_refused_with_the_reason(line: bytes, reason: str) -> None:
    with pytest.raises(BadNote, match=reason):
        Note.of_line(line)


def test_members_of_a_later_program_are_passed_over() -> None:
    noted = Note(Level.STUDY, ID, labels=("exam",))
    line = noted.to_line()[:-1] + ',"color":"red"}'

    assert Note.of_line(line) == noted


# --- the index -----------------------------------------------------------------------------------------------


def test_the_notes_of_an_archive_are_all_it_knows_beside_its_files(archive: Archive) -> None:
    annotate(archive)

    patient, study, series, instance = archive.notes.all()

    assert patient == Note(Level.PATIENT, IDS.orthanc_id(Level.PATIENT), protected=True)
    assert (study.level, study.id, study.labels) == (Level.STUDY, IDS.orthanc_id(Level.STUDY), ("exam", "week-2"))
    (attached,) = study.attachments
    assert (attached.number, attached.size, attached.revision) == (1025, 15, 1)
    assert series.metadata == {1024: ('second "line"\n\u2028 \U0001f9b4', 1)}
    assert instance.metadata == {65535: ("", 0)}


def test_notes_applied_to_the_same_archive_change_nothing(archive: Archive) -> None:
    annotate(archive)
    before = list(archive.notes.all())

    assert all(archive.notes.apply(noted) for noted in before)

    assert list(archive.notes.all()) == before


def test_notes_bring_back_what_was_lost(archive: Archive) -> None:
    annotate(archive)
    before = list(archive.notes.all())
    for change in ("DELETE FROM labels", "DELETE FROM metadata", "DELETE FROM attachments"):
        archive.index.write(partial(execute, change))
    archive.index.write(partial(execute, "UPDATE patients SET is_protected = 0"))
    assert list(archive.notes.all()) == []

    assert all(archive.notes.apply(noted) for noted in before)

    assert list(archive.notes.all()) == before


def test_a_note_adds_and_never_takes_away_and_the_higher_revision_stays(archive: Archive) -> None:
    annotate(archive)
    study, series = IDS.orthanc_id(Level.STUDY), IDS.orthanc_id(Level.SERIES)

    archive.notes.apply(Note(Level.STUDY, study, labels=("more",)))
    archive.notes.apply(Note(Level.SERIES, series, metadata={1024: ("older", 0), 1030: ("new", 4)}, protected=True))
    archive.notes.apply(Note(Level.PATIENT, IDS.orthanc_id(Level.PATIENT)))

    patient, noted, lower, _ = archive.notes.all()
    assert noted.labels == ("exam", "more", "week-2")
    assert (lower.metadata[1024][1], lower.metadata[1030], lower.protected) == (1, ("new", 4), True)
    assert patient.protected
    assert archive.notes.apply(Note(Level.SERIES, series, metadata={1024: ("newer", 2)}))
    assert archive.metadata.get(Level.SERIES, series, "1024").value == "newer"


def test_a_note_of_nobody_is_told(archive: Archive) -> None:
    assert not archive.notes.apply(Note(Level.STUDY, ID, labels=("exam",)))
    assert list(archive.notes.all()) == []


def test_a_note_cannot_claim_a_file_that_is_missing_cut_short_or_somebody_elses(archive: Archive) -> None:
    annotate(archive)
    series = IDS.orthanc_id(Level.SERIES)
    (good,) = (attached for noted in archive.notes.all() for attached in noted.attachments)
    stray = archive.files.path(f"00000000/{UUID}.bin")
    stray.write_bytes(b"stray")
    claims = [
        good,
        NotedFile(1024, f"00000001/{UUID}.bin", 5, "", None, None, 0),
        NotedFile(1024, f"00000000/{UUID}.bin", 6, "", None, None, 0),
        NotedFile(1024, f"00000000/{UUID}.bin", 5, "", None, 6, 0),
    ]

    for claim in claims:
        assert archive.notes.apply(Note(Level.SERIES, series, attachments=(claim,)))
    assert archive.attachments.all(Level.SERIES, series) == []

    archive.notes.apply(
        Note(Level.SERIES, series, attachments=(NotedFile(1024, claims[2].file, 5, "", None, None, 0),))
    )
    assert [one.file for one in archive.attachments.all(Level.SERIES, series)] == [claims[2].file]


def test_an_attachment_replaced_by_a_note_becomes_garbage(archive: Archive) -> None:
    attach(archive, Level.STUDY, "1025", b"old")
    (old,) = archive.attachments.all(Level.STUDY, IDS.orthanc_id(Level.STUDY))
    newer = f"00000000/{UUID}.bin"
    archive.files.path(newer).write_bytes(b"newer")

    archive.notes.apply(
        Note(Level.STUDY, IDS.orthanc_id(Level.STUDY), attachments=(NotedFile(1025, newer, 5, "", None, None, 7),))
    )

    (now,) = archive.attachments.all(Level.STUDY, IDS.orthanc_id(Level.STUDY))
    assert (now.file, now.revision) == (newer, 7)
    wait_until(lambda: not archive.files.exists(old.file))


def test_a_state_of_many_megabytes_is_several_notes_that_bring_it_back(archive: Archive) -> None:
    study = IDS.orthanc_id(Level.STUDY)
    archive.labels.add(Level.STUDY, study, "exam")
    values = {1024 + number: f"{number}" + "\x01" * 2**19 for number in range(7)}
    for number, value in values.items():
        archive.metadata.put(Level.STUDY, study, str(number), value)

    parts = list(archive.notes.all())

    assert [part.more for part in parts] == [False] + [True] * (len(parts) - 1)
    assert len(parts) > 2
    assert all(len(part.to_line()) < note.LONGEST_LINE for part in parts)

    def again(connection: sqlite3.Connection) -> None:
        for part in parts:
            assert write_note(connection, archive.files, Note.of_line(part.to_line()), replace=True) == []

    archive.index.write(again)
    with archive.index.read() as connection:
        assert list(all_notes(connection)) == parts


def test_thousands_of_labels_and_attachments_of_one_resource_are_several_notes(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "_PART_BYTES", 3000)
    study = IDS.orthanc_id(Level.STUDY)
    labels = [(1, f"label-{number:04d}") for number in range(1000)]
    files = [(1, 1024 + number, f"00000000/{uuid.uuid4()}.bin") for number in range(50)]

    def fill(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO labels VALUES (?, 1, ?)", labels)
        connection.executemany("INSERT INTO attachments VALUES (?, 1, ?, ?, 1, '', NULL, 0, NULL)", files)
        connection.execute("INSERT INTO metadata VALUES (1, 1, 1024, 'x', 0)")

    archive.index.write(fill)
    parts = list(archive.notes.all())

    assert len(parts) > 6
    assert max(len(part.to_line()) for part in parts) < 6000
    assert [label for part in parts for label in part.labels] == [label for _, label in labels]
    assert [one.file for part in parts for one in part.attachments] == [file for _, _, file in files]
    assert [part.metadata for part in parts if part.metadata] == [{1024: ("x", 0)}]
    assert {(part.level, part.id) for part in parts} == {(Level.STUDY, study)}
