"""The storage folder of an Orthanc, as the real one leaves it and as hostile people make it up."""

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pacsberry.archive.orthanc_index import Added, OrthancIndex
from pacsberry.errors import IndexDamaged
from pacsberry.importing.items import LARGEST_FILE, Fate
from pacsberry.importing.orthanc_folder import OrthancFolder, is_orthanc_storage
from pacsberry.importing.orthanc_notes import Brought, Notes
from pacsberry.importing.server import Server
from pacsberry.importing.sources import local_source
from pacsberry.model import Level
from pacsberry.peers.http_client import HttpClient, UnixConnection
from tests.clients.orthanc import BINARY
from tests.flows.house import House, in_process, instance_id
from tests.importing.aids import Recorder, bring, look, write_all
from tests.importing.orthancs import made_by_orthanc, made_up_index, stored
from tests.importing.test_importer import run
from tests.makers import make_dataset, make_instance, make_study, part10

STUDY = make_study(series={"CT": 3, "SR": 1})
CT = STUDY[0]
HEADER = CT[: CT.index(b"\xe0\x7f\x10\x00")]
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[bool, Path]:
    """The storages of a real Orthanc, packed and plain."""
    if BINARY is None:
        pytest.skip("Orthanc is not installed")
    with ThreadPoolExecutor() as both:  # an Orthanc takes its time to stop
        storages = {
            packed: both.submit(made_by_orthanc, tmp_path_factory.mktemp("orthanc"), STUDY, StorageCompression=packed)
            for packed in (True, False)
        }
    return {packed: storage.result() for packed, storage in storages.items()}


@pytest.fixture
def storage_of(made: Mapping[bool, Path], tmp_path: Path) -> Callable[[bool], Path]:
    """A copy of such a storage, to be spoilt."""
    return lambda packed: Path(shutil.copytree(made[packed], tmp_path / "orthanc"))


def notes_of(house: House, storage: Path, index: Path | None = None) -> Brought:
    client = HttpClient(UnixConnection(house.storage / "pacsberry.sock"), name="The server")
    with contextlib.closing(client), OrthancIndex.open(index or storage / "index") as opened:
        return Notes(Server(client), storage).bring(opened.added())


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("index", ["there", "gone", "broken"])
def test_the_storage_of_a_real_orthanc_is_brought(
    tmp_path: Path, storage_of: Callable[[bool], Path], packed: bool, index: str
) -> None:
    storage = storage_of(packed)
    for path in storage.glob("index*"):
        if index == "gone":
            path.unlink()
        elif index == "broken":
            path.write_bytes(b"SQLite format 3\0" + b"?" * 5000)
    source = local_source(str(storage))
    assert isinstance(source, OrthancFolder)

    with in_process(tmp_path) as house:
        first, second = bring(house, source), bring(house, source)

        assert sorted(map(house.file, house.get("/instances"))) == sorted(STUDY)
    assert (len(first.of(Fate.KEPT)), len(second.of(Fate.THERE))) == (4, 4)
    assert not first.of(Fate.REFUSED) + first.of(Fate.UNREADABLE) + second.of(Fate.KEPT) + second.of(Fate.REFUSED)


@pytest.mark.parametrize("packed", [True, False])
def test_what_users_added_is_brought_once(tmp_path: Path, storage_of: Callable[[bool], Path], packed: bool) -> None:
    storage = storage_of(packed)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in storage.rglob("*")}

    with in_process(tmp_path) as house:
        bring(house, local_source(str(storage)))
        first, second = notes_of(house, storage), notes_of(house, storage)
        (patient,), (study,) = house.get("/patients"), house.get("/studies")

        assert house.ask("GET", f"/patients/{patient}/protected").body == b"1"
        assert house.ask("GET", f"/studies/{study}/metadata/1030").body.decode() == "für alle"
        assert house.ask("GET", f"/studies/{study}/attachments/1050/data").body == b"a note of a teacher"
    assert first == Brought(labels=0, metadata=2, protections=1, attachments=1)
    assert second == Brought()
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in storage.rglob("*")}


def test_an_index_with_a_journal_is_read_from_a_copy(tmp_path: Path, storage_of: Callable[[bool], Path]) -> None:
    storage = storage_of(False)
    connection = sqlite3.connect(storage / "index")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "INSERT INTO Metadata SELECT internalId, 1501, 'late' FROM Resources WHERE resourceType = 3 LIMIT 1"
    )
    connection.commit()
    shutil.copytree(storage, tmp_path / "copy")
    connection.close()
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "copy").iterdir())

    with OrthancIndex.open(tmp_path / "copy" / "index") as index:
        late = [added for added in index.added() if 1501 in added.metadata]

    assert [added.level for added in late] == [Level.SERIES]
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "copy").iterdir())


@pytest.mark.parametrize("packed", [True, False])
def test_a_header_is_never_taken_for_its_image(tmp_path: Path, packed: bool) -> None:
    storage = tmp_path / "orthanc"
    for _ in range(8):  # among so many, one comes before the image
        stored(storage, HEADER, packed=packed)
    stored(storage, CT, packed=packed)
    with in_process(tmp_path) as house:
        told = bring(house, local_source(str(storage)))

        assert [house.file(one) for one in house.get("/instances")] == [CT]
    assert told.counts() == {Fate.KEPT: 1, Fate.PASSED_OVER: 8}


@pytest.mark.parametrize("packed", [True, False])
def test_a_header_too_long_to_look_at_is_not_taken_for_its_image_either(tmp_path: Path, packed: bool) -> None:
    long = make_dataset("CT")
    long.add_new(0x00090010, "LO", "TEST")
    long.add_new(0x00091001, "OB", b"x" * 5_000_000)
    image = part10(long)
    storage = tmp_path / "orthanc"
    for data in [image[: image.index(b"\xe0\x7f\x10\x00")]] * 4 + [image]:
        stored(storage, data, packed=packed)
    with in_process(tmp_path) as house:
        told = bring(house, local_source(str(storage)))

        assert [len(house.file(one)) for one in house.get("/instances")] == [len(image)]
    assert len(told.of(Fate.KEPT)) == 1


def test_a_header_whose_image_is_lost_is_told(tmp_path: Path) -> None:
    stored(tmp_path, HEADER)
    stored(tmp_path, make_instance("SR"))
    server = Recorder()

    told = run(server, tmp_path)

    assert told.counts() == {Fate.REFUSED: 1, Fate.KEPT: 1}
    assert "image itself" in told.of(Fate.REFUSED)[0].reason
    assert server.given == [make_instance("SR")]


def test_a_rehearsal_does_not_accuse_headers(tmp_path: Path) -> None:
    from pacsberry.importing.importer import Wishes

    for data in (HEADER, CT, STUDY[3]):
        stored(tmp_path, data)

    told = run(Recorder(), tmp_path, Wishes(is_rehearsal=True))

    assert told.counts() == {Fate.KEPT: 2, Fate.PASSED_OVER: 1}


def test_json_of_older_releases_is_passed_over(tmp_path: Path) -> None:
    for packed in (True, False):
        stored(tmp_path, b'{ "0008,0005" : {} }', packed=packed)

    assert run(Recorder(), tmp_path).counts() == {Fate.PASSED_OVER: 2}


def test_damaged_files_are_told(tmp_path: Path) -> None:
    storage = tmp_path / "orthanc"
    good = CT + random.Random(1).randbytes(3000)
    stored(storage, b"")
    cut = stored(storage, good, packed=True)
    cut.write_bytes(cut.read_bytes()[:-20])
    bad = stored(storage, good, packed=True)
    data = bytearray(bad.read_bytes())
    data[500] ^= 0x10
    bad.write_bytes(data)
    for announced in (len(CT) - 1, len(CT) + 1, LARGEST_FILE + 1, 2**63):
        liar = stored(storage, CT, packed=True)
        liar.write_bytes(announced.to_bytes(8, "little") + liar.read_bytes()[8:])
    with in_process(tmp_path) as house:
        told = bring(house, OrthancFolder(storage))
        assert house.counts()[3] == 0
        assert house.spooled() == []

    reasons = [one.reason for one in told.findings if one.fate in (Fate.UNREADABLE, Fate.REFUSED)]
    assert len(reasons) == 7
    assert sum("more than 8 GB" in reason for reason in reasons) == 2


def test_files_beside_the_storage_and_links_in_it_are_passed_over(tmp_path: Path) -> None:
    good = stored(tmp_path, CT)
    write_all(tmp_path, {"index": b"x", "ab/cd/readme": CT, "ab/cd/" + good.name: CT, "ef/" + good.name: CT})
    place = tmp_path / "12" / "34" / "12345678-1234-1234-1234-123456789012"
    place.parent.mkdir(parents=True)
    place.symlink_to("/etc/passwd")
    os.mkfifo(place.with_name("12345678-1234-1234-1234-123456789013"))

    told = look(OrthancFolder(tmp_path))

    assert told.counts() == {Fate.KEPT: 1, Fate.PASSED_OVER: 4, Fate.UNREADABLE: 2}


@pytest.mark.parametrize(
    ("files", "is_one"),
    [
        (["ab/cd/abcd1234-0000-1111-2222-333344445555"], True),
        (["ab/cd/abcd1234-0000-1111-2222-333344445555.dcm"], False),
        (["ab/cd/efef1234-0000-1111-2222-333344445555"], False),
        (["ab/abcd1234-0000-1111-2222-333344445555"], False),
        (["ab/cdef"], False),
        (["objects/ab/cdef", "a.dcm"], False),
        ([], False),
    ],
)
def test_the_layout_is_recognised(tmp_path: Path, files: list[str], is_one: bool) -> None:
    write_all(tmp_path, dict.fromkeys(files, CT))

    assert is_orthanc_storage(tmp_path) is is_one


# ---- the index


PATIENT, INSTANCE = "11111111-22222222-33333333-44444444-55555555", instance_id(make_dataset("CT"))


def test_what_the_index_says_is_read(tmp_path: Path) -> None:
    made_up_index(
        tmp_path / "index",
        {
            "Resources": [(1, 1, PATIENT, None), (2, 4, INSTANCE, 1), (3, 1, PATIENT[::-1].replace("-", "-"), None)],
            "Metadata": [(1, 5, "system"), (1, 1024, "mine"), (2, 7, "x")],
            "AttachedFiles": [(2, 1, "a" * 8), (2, 1024, "abcd1234-0000-1111-2222-333344445555")],
            "PatientRecyclingOrder": [(1, 3)],
            "Labels": [(2, "good"), (2, "b/../ad"), (2, "x" * 65)],
        },
    )

    with OrthancIndex.open(tmp_path / "index") as index:
        added = sorted(index.added(), key=lambda one: one.level)
        assert index.users_files() == {"abcd1234-0000-1111-2222-333344445555"}

    assert added == [
        Added(Level.PATIENT, PATIENT, is_protected=True, metadata={1024: "mine"}),
        Added(
            Level.INSTANCE,
            INSTANCE,
            labels=("good",),
            attachments={1024: "abcd1234-0000-1111-2222-333344445555"},
        ),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        {"Resources": [(1, 1, "../../tools/shutdown", None), (2, 9, PATIENT, None), (3, "x", PATIENT, None)]},
        {"Resources": [(1, 1, PATIENT, None)], "PatientRecyclingOrder": [(1, 1)], "Metadata": [(1, "x", "y")]},
        {
            "Resources": [(1, 4, PATIENT, None)],
            "Metadata": [(1, 70000, "x"), (1, 1024, b"\xff\x00"), (1, 1025, None), (1, 1026, 7.5)],
            "AttachedFiles": [(1, 1024, "../../../etc/passwd"), (1, 1025, None), (1, 1026, b"x")],
            "Labels": [(1, None), (1, b"x"), (1, "../x")],
        },
    ],
)
def test_an_index_that_lies_names_nothing_we_would_ask_for(tmp_path: Path, rows: Rows) -> None:
    made_up_index(tmp_path / "index", rows)

    with OrthancIndex.open(tmp_path / "index") as index:
        for added in index.added():
            assert not added.labels
            assert not added.attachments
            assert not {
                number for number, value in added.metadata.items() if number > 65535 or not isinstance(value, str)
            }
            assert added.resource == PATIENT
        assert index.users_files() == frozenset()


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _noise(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(20_000))


def _endless(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE Labels")
    connection.execute("DROP TABLE Metadata")
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, i AS type, i AS value FROM n"
    )
    connection.execute(f"CREATE VIEW Metadata AS {endless}")
    connection.commit()
    connection.close()


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("harm", [_cut, _noise, lambda path: path.write_bytes(b""), Path.unlink, _link])
def test_an_index_that_cannot_be_read_is_told(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    path = tmp_path / "index"
    made_up_index(path, {"Resources": [(number, 4, PATIENT, None) for number in range(2000)]})
    harm(path)

    with pytest.raises(IndexDamaged), OrthancIndex.open(path) as index:
        list(index.added())


def test_a_view_is_no_table(tmp_path: Path) -> None:
    made_up_index(tmp_path / "index", {})
    _endless(tmp_path / "index")

    with pytest.raises(IndexDamaged, match="no table Metadata"), OrthancIndex.open(tmp_path / "index"):
        pass


def test_a_newer_version_is_told(tmp_path: Path) -> None:
    made_up_index(tmp_path / "index", {}, version="7")

    with pytest.raises(IndexDamaged, match="another version"), OrthancIndex.open(tmp_path / "index"):
        pass


def test_an_index_that_computes_for_ever_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.archive.orthanc_index._STEPS", 10_000)
    made_up_index(tmp_path / "index", {"Resources": [(number, 4, PATIENT, None) for number in range(20_000)]})

    with pytest.raises(IndexDamaged, match="interrupted"), OrthancIndex.open(tmp_path / "index") as index:
        list(index.added())


def test_attachments_that_are_lost_or_refused_are_told(tmp_path: Path) -> None:
    storage = tmp_path / "orthanc"
    stored(storage, CT)
    lost = "abcd1234-0000-1111-2222-333344445555"
    made_up_index(
        storage / "index",
        {
            "Resources": [(1, 4, INSTANCE, None), (2, 4, PATIENT, None)],
            "AttachedFiles": [(1, 1024, lost), (2, 1024, lost)],
            "Labels": [(1, "teaching"), (2, "teaching")],
        },
    )
    with in_process(tmp_path) as house:
        bring(house, local_source(str(storage)))
        brought = notes_of(house, storage)

        assert house.get(f"/instances/{INSTANCE}/labels") == ["teaching"]
    assert (brought.labels, brought.attachments) == (1, 0)
    assert [finding.fate for finding in brought.troubles] == [Fate.UNREADABLE]
