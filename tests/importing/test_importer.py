"""What is sent, what is skipped, what is told, and what ends an import."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.uid import UID

from pacsberry.errors import NoRoom, NotAllowed, PeerFailed
from pacsberry.importing.importer import Importer, Wishes
from pacsberry.importing.items import Fate
from pacsberry.importing.server import BATCH, Sent
from pacsberry.importing.sources import SingleFile, local_source
from tests.flows.house import in_process, instance_id
from tests.importing.aids import Recorder, Told, bring, tarred, write_all
from tests.ingest.zips import zipped
from tests.makers import DEFLATED, IMPLICIT, bare, make_dataset, make_instance, part10
from tests.makers.instances import make_study

CT = make_instance("CT")
DICOMDIR = make_instance("CT", sop_uid="1.2.3").replace(
    b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.1.3.10\0\0\0\0\0\0", 1
)


def run(server: Recorder, path: Path, wishes: Wishes | None = None) -> Told:
    told = Told()
    Importer(server, told.findings.append, wishes or Wishes()).take(local_source(str(path)).found())
    return told


def test_a_folder_is_brought_and_a_second_time_passed_over(tmp_path: Path) -> None:
    files = {f"{number}.dcm": data for number, data in enumerate(make_study(series={"CT": 3, "SR": 1}))}
    folder = write_all(tmp_path / "source", {**files, "readme.txt": b"hello", "empty": b""})
    with in_process(tmp_path) as house:
        first = bring(house, local_source(str(folder)))
        second = bring(house, local_source(str(folder)))

        assert house.counts()[3] == 4
        assert sorted(map(house.file, house.get("/instances"))) == sorted(files.values())
    assert first.counts() == {Fate.KEPT: 4, Fate.NOT_DICOM: 2}
    assert second.counts() == {Fate.THERE: 4, Fate.NOT_DICOM: 2}
    assert {finding.instance for finding in first.of(Fate.KEPT)} == {one.instance for one in second.of(Fate.THERE)}


@pytest.mark.parametrize("pack", [zipped, tarred, lambda members: tarred(members, "w:xz")])
def test_archives_are_brought_and_a_second_time_passed_over(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    files = {f"{number}.dcm": data for number, data in enumerate(make_study())}
    (tmp_path / "archive").write_bytes(pack({**files, "DICOMDIR": DICOMDIR, "in.zip": zipped(files)}))
    with in_process(tmp_path) as house:
        source = SingleFile(tmp_path / "archive")
        first, second = bring(house, source), bring(house, source)

        assert sorted(map(house.file, house.get("/instances"))) == sorted(files.values())
    assert first.counts() == {Fate.KEPT: 3, Fate.PASSED_OVER: 1, Fate.REFUSED: 1}
    assert "archive inside an archive" in first.of(Fate.REFUSED)[0].reason
    assert second.counts() == {Fate.THERE: 3, Fate.PASSED_OVER: 1, Fate.REFUSED: 1}


def test_what_is_there_is_not_read_beyond_its_header(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(CT)
    server = Recorder(known=[instance_id(make_dataset("CT"))])

    told = run(server, tmp_path)

    assert told.counts() == {Fate.THERE: 1}
    assert server.given == []


def test_the_server_is_asked_for_many_at_once(tmp_path: Path) -> None:
    for number in range(BATCH + 50):
        (tmp_path / f"{number}.dcm").write_bytes(make_instance("SR", instance=number))
    server = Recorder()

    told = run(server, tmp_path)

    assert [len(asked) for asked in server.asked] == [BATCH, 50]
    assert told.counts() == {Fate.KEPT: BATCH + 50}


def test_what_is_there_can_be_sent_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(CT)
    server = Recorder(known=[instance_id(make_dataset("CT"))], answers=lambda number: Sent(Fate.THERE))

    told = run(server, tmp_path, Wishes(sends_known=True))

    assert (server.given, server.asked, told.counts()) == ([CT], [], {Fate.THERE: 1})


def test_a_rehearsal_sends_nothing(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm": CT, "b.dcm": make_instance("MR"), "c": b"text", "d.dcm": CT[:-10]})
    server = Recorder(known=[instance_id(make_dataset("CT"))])

    told = run(server, tmp_path, Wishes(is_rehearsal=True))

    assert told.counts() == {Fate.THERE: 1, Fate.KEPT: 1, Fate.NOT_DICOM: 1, Fate.REFUSED: 1}
    assert server.given == []


def test_broken_and_strange_dicom_is_refused_with_the_reason(tmp_path: Path) -> None:
    no_study = make_dataset("CT")
    del no_study.StudyInstanceUID
    write_all(tmp_path, {"cut.dcm": CT[:-10], "study.dcm": part10(no_study), "start.dcm": CT[:140]})

    told = run(Recorder(), tmp_path)

    assert {finding.name.rpartition("/")[2]: finding.reason for finding in told.of(Fate.REFUSED)} == {
        "cut.dcm": "The file ends 10 bytes early, inside its pixel data.",
        "study.dcm": "The file has no StudyInstanceUID.",
        "start.dcm": "The file meta information is not complete.",
    }


def test_files_without_preamble_and_of_every_syntax_are_taken(tmp_path: Path) -> None:
    write_all(
        tmp_path,
        {
            "bare": bare(make_dataset("CT", transfer_syntax=IMPLICIT)),
            "deflated": make_instance("MR", transfer_syntax=DEFLATED),
            "long": make_instance("CT", instance=2, tags={"ImageComments": "x" * 9000, "ProtocolName": "y"}),
        },
    )

    assert run(Recorder(), tmp_path).counts() == {Fate.KEPT: 3}


def test_meta_information_of_many_kilobytes_is_read(tmp_path: Path) -> None:
    long = make_dataset("CT")
    long.file_meta.PrivateInformationCreatorUID = UID("1.2.3")
    long.file_meta.PrivateInformation = b"x" * 40_000
    (tmp_path / "a.dcm").write_bytes(part10(long))
    server = Recorder(known=[instance_id(long)])

    assert run(server, tmp_path).counts() == {Fate.THERE: 1}


def test_a_header_too_long_to_look_at_in_order_is_left_to_the_server(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(make_instance("CT", tags={"EncapsulatedDocument": b"x" * 5_000_000}))
    giant = make_dataset("SR")
    giant.add_new(0x00090010, "LO", "TEST")
    giant.add_new(0x00091001, "OB", b"x" * 5_000_000)
    (tmp_path / "b.dcm").write_bytes(part10(giant))

    (tmp_path / "c.tar").write_bytes(tarred({"giant": part10(giant)}))

    told = run(Recorder(known=["", instance_id(giant)]), tmp_path)

    assert {finding.name.rpartition("/")[2]: finding.fate for finding in told.findings} == {
        "a.dcm": Fate.KEPT,
        "b.dcm": Fate.THERE,
        "c.tar: giant": Fate.KEPT,
    }


def test_what_the_server_refuses_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm": CT, "b.dcm": make_instance("MR")})
    server = Recorder(answers=lambda number: Sent(Fate.REFUSED, "Not today.") if number == 0 else Sent(Fate.KEPT))

    told = run(server, tmp_path)

    assert told.counts() == {Fate.REFUSED: 1, Fate.KEPT: 1}
    assert told.of(Fate.REFUSED)[0].reason == "Not today."


@pytest.mark.parametrize("error", [NoRoom("full"), NotAllowed("no"), PeerFailed("gone")])
@pytest.mark.parametrize("in_zip", [True, False])
def test_what_concerns_every_file_ends_the_import(tmp_path: Path, error: Exception, in_zip: bool) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(zipped({"one": CT, "two": make_instance("MR")}) if in_zip else CT)

    def fail(number: int) -> Sent:
        raise error

    with pytest.raises(type(error)):
        run(Recorder(answers=fail), path)


class OnceGone(Recorder):
    """Breaks off at the first file."""

    def send(self, content: object) -> Sent:
        sent = super().send(content)
        if len(self.given) == 1:
            raise PeerFailed("gone")
        return sent


def test_a_file_is_sent_once_more_when_the_server_breaks_off(tmp_path: Path) -> None:
    for name, data in (("a.zip", zipped({"one": CT})), ("one", CT)):
        (tmp_path / name).write_bytes(data)
        server = OnceGone()

        assert run(server, tmp_path / name).counts() == {Fate.KEPT: 1}
        assert server.given == [CT, CT]


def test_a_member_of_a_tar_cannot_be_sent_again_and_the_next_one_is_whole(tmp_path: Path) -> None:
    other = make_instance("MR")
    (tmp_path / "a.tar").write_bytes(tarred({"one": CT, "two": other}))
    server = OnceGone()

    told = run(server, tmp_path / "a.tar")

    assert told.counts() == {Fate.UNREADABLE: 1, Fate.KEPT: 1}
    assert "cannot be read again" in told.of(Fate.UNREADABLE)[0].reason
    assert server.given == [CT, other]


def test_a_damaged_member_harms_only_itself(tmp_path: Path) -> None:
    second = make_instance("CT", instance=2, rows=200, columns=200)
    data = bytearray(zipped({"one": CT, "two": second, "three": make_instance("MR")}, method=0))
    data[data.index(second) + len(second) - 50] ^= 0xFF  # in the pixels: only the checksum of the ZIP tells
    (tmp_path / "a.zip").write_bytes(data)
    with in_process(tmp_path) as house:
        told = bring(house, SingleFile(tmp_path / "a.zip"))

        assert house.counts()[3] == 2
        assert house.spooled() == []
    assert told.counts() == {Fate.KEPT: 2, Fate.UNREADABLE: 1}


def test_a_file_that_goes_away_is_unreadable(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm": CT, "b.dcm": make_instance("MR")})

    class Remover(Recorder):
        def known(self, instances: object) -> set[str]:
            (tmp_path / "a.dcm").unlink()
            return set()

    told = run(Remover(), tmp_path)

    assert told.counts() == {Fate.UNREADABLE: 1, Fate.KEPT: 1}


def test_the_amounts_told_are_those_of_the_files(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm": CT, "b.dcm": make_instance("MR"), "c.txt": b"text", "d.zip": zipped({"x": CT})})

    told = run(Recorder(), tmp_path)

    total = local_source(str(tmp_path)).total()
    assert 0.7 * total < sum(finding.amount for finding in told.findings) <= 1.1 * total
