"""A check finds each kind of harm and repairs it."""

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from pacsberry.upkeep import checking
from pacsberry.upkeep.entry_findings import (
    BrokenEntry,
    MissingFile,
    SharedFile,
    WrongChecksum,
    WrongSize,
)
from pacsberry.upkeep.finding import Finding
from pacsberry.upkeep.findings import (
    DamagedIndex,
    DuplicateInstance,
    ForeignFile,
    GarbageInUse,
    OrphanRows,
    SpoolLeftover,
    TooManyFindings,
    UnknownAttachment,
    UnknownInstance,
    WrongCounter,
)
from tests.archive.keeping_aids import encode
from tests.upkeep.aids import (
    INDEX,
    check,
    execute,
    file_of,
    files,
    fill,
    repair,
    served,
)
from tests.upkeep.checking_aids import (
    a_file_of_two,
    a_file_to_be_removed_by_mistake,
    a_flipped_attachment,
    a_folder_in_a_bucket,
    a_forgotten_attachment,
    a_holiday_picture,
    a_leftover,
    a_missing_file,
    a_picture_called_dicom,
    a_short_file,
    a_vanished_patient,
    a_wrong_sum,
    flip,
    kinds,
    labels_of_nothing,
)


def a_flipped_bit(folder: Path) -> None:
    flip(files(folder)[0])


def a_missing_row(folder: Path) -> None:
    execute(folder, "DELETE FROM instances WHERE key = 1")


def a_duplicate(folder: Path) -> None:
    path = files(folder)[0]
    shutil.copy(path, path.with_name(f"{uuid.uuid4()}.dcm"))


def a_file_beside_the_buckets(folder: Path) -> None:
    (folder / "files" / "notes.txt").write_bytes(b"remember")


def a_link_in_a_bucket(folder: Path) -> None:
    (folder / "files" / "00000000" / f"{uuid.uuid4()}.dcm").symlink_to(files(folder)[0])


def a_wrong_counter(folder: Path) -> None:
    execute(folder, "UPDATE facts SET value = value + 1 WHERE name = 'instances'")


def an_order_of_arrival_behind(folder: Path) -> None:
    execute(folder, "UPDATE facts SET value = 0 WHERE name = 'arrival'")


def an_empty_study(folder: Path) -> None:
    execute(
        folder,
        """INSERT INTO studies (parent, id, uid, accession, study_date, tags, updated_at)
           VALUES (1, 'x', 'x', '', '', '{}', 0)""",
        "UPDATE facts SET value = value + 1 WHERE name = 'studies'",
    )


def a_vanished_format(folder: Path) -> None:
    execute(folder, "DELETE FROM formats")


def a_name_no_file_can_have(folder: Path) -> None:
    execute(folder, "UPDATE instances SET file = '../../etc/passwd' WHERE key = 1")


def an_attachment_without_its_file(folder: Path) -> None:
    files(folder, "*.bin")[0].unlink()


CASES: list[tuple[Callable[[Path], None], list[type[Finding]]]] = [
    (a_missing_file, [MissingFile]),
    (a_short_file, [WrongSize]),
    (a_flipped_bit, [WrongChecksum]),
    (a_missing_row, [WrongCounter, WrongCounter, WrongCounter, UnknownInstance]),
    (a_duplicate, [DuplicateInstance]),
    (a_forgotten_attachment, [UnknownAttachment]),
    (a_holiday_picture, [ForeignFile]),
    (a_picture_called_dicom, [ForeignFile]),
    (a_file_beside_the_buckets, [ForeignFile]),
    (a_folder_in_a_bucket, [ForeignFile]),
    (a_link_in_a_bucket, [ForeignFile]),
    (a_wrong_counter, [WrongCounter]),
    (a_wrong_sum, [WrongCounter]),
    (an_order_of_arrival_behind, [WrongCounter]),
    (an_empty_study, [OrphanRows]),
    (labels_of_nothing, [OrphanRows]),
    (a_vanished_patient, [WrongCounter, OrphanRows, OrphanRows, BrokenEntry, BrokenEntry, *[UnknownAttachment] * 2]),
    (a_vanished_format, [BrokenEntry] * 4),
    (a_file_of_two, [SharedFile, UnknownInstance]),
    (a_file_to_be_removed_by_mistake, [GarbageInUse]),
    (a_leftover, [SpoolLeftover]),
    (a_name_no_file_can_have, [MissingFile, UnknownInstance]),
    (an_attachment_without_its_file, [MissingFile]),
    (a_flipped_attachment, [WrongChecksum]),
]
HARMED: dict[Callable[[Path], None], int] = {a_missing_file: 1, a_short_file: 1, a_flipped_bit: 1}


@pytest.mark.parametrize(("harm", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_wrong_is_found_and_repaired(
    tmp_path: Path, harm: Callable[[Path], None], expected: list[type[Finding]]
) -> None:
    headers = fill(tmp_path, attachments=2)
    assert check(tmp_path).is_clean
    victim = files(tmp_path)[0]
    harm(tmp_path)

    found = check(tmp_path).findings
    assert kinds(found) == expected
    assert all(finding.words and finding.title and finding.to_json()["Words"] for finding in found)
    assert kinds(repair(tmp_path)) == kinds(found)

    assert check(tmp_path).findings == []
    lost = [header for header in headers if served(tmp_path, header) != encode(header)]
    assert len(lost) == HARMED.get(harm, 0)
    if harm in (a_short_file, a_flipped_bit):
        assert (tmp_path / "damaged" / victim.name).is_file()


def test_a_bit_that_flipped_is_found_only_by_reading(tmp_path: Path) -> None:
    fill(tmp_path)
    a_flipped_bit(tmp_path)

    assert check(tmp_path, read=False).is_clean
    assert not check(tmp_path).is_clean


def test_a_file_cut_short_is_found_without_reading(tmp_path: Path) -> None:
    fill(tmp_path)
    a_short_file(tmp_path)

    assert kinds(check(tmp_path, read=False).findings) == [WrongSize]


def test_a_file_without_a_crc_is_compared_by_its_md5(tmp_path: Path) -> None:
    fill(tmp_path, attachments=1)
    execute(tmp_path, "UPDATE attachments SET crc32 = NULL")
    assert check(tmp_path).is_clean

    a_flipped_attachment(tmp_path)

    (finding,) = check(tmp_path).findings
    assert isinstance(finding, WrongChecksum)
    assert finding.checksum == "MD5"


def test_the_second_file_of_an_instance_takes_the_place_of_a_lost_one(tmp_path: Path) -> None:
    header = fill(tmp_path, 2)[0]
    path = file_of(tmp_path, header)
    path.rename(path.with_name(f"{uuid.uuid4()}.dcm"))

    assert kinds(check(tmp_path).findings) == [MissingFile, UnknownInstance]
    repair(tmp_path)

    assert check(tmp_path).is_clean
    assert served(tmp_path, header) == encode(header)


def test_of_two_files_without_an_entry_one_is_indexed(tmp_path: Path) -> None:
    header = fill(tmp_path, 1)[0]
    a_duplicate(tmp_path)
    execute(tmp_path, "DELETE FROM instances")

    found = kinds(repair(tmp_path))
    assert (found.count(UnknownInstance), found.count(DuplicateInstance)) == (1, 1)

    assert check(tmp_path).is_clean
    assert served(tmp_path, header) == encode(header)
    assert len(list((tmp_path / "damaged").glob("*.dcm"))) == 1


def test_a_broken_entry_is_not_made_anew_from_a_bad_file(tmp_path: Path) -> None:
    headers = fill(tmp_path)
    flip(file_of(tmp_path, headers[3]))
    execute(tmp_path, "DELETE FROM patients WHERE uid = 'P4' OR uid = 'p4'")

    repair(tmp_path, read=False)

    assert served(tmp_path, headers[3]) is None
    assert check(tmp_path).is_clean


def test_what_a_check_prints_is_not_done_without_being_asked(tmp_path: Path) -> None:
    fill(tmp_path, attachments=1)
    for harm in (a_short_file, a_holiday_picture, a_wrong_counter, a_leftover, a_duplicate):
        harm(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    assert len(check(tmp_path).findings) == 5

    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_damaged_index_is_the_only_finding(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    with (tmp_path / INDEX).open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096 * 3)
    a_missing_file(tmp_path)

    (finding,) = check(tmp_path).findings

    assert isinstance(finding, DamagedIndex)
    assert "rebuild-index" in finding.words


def test_when_nearly_everything_is_wrong_the_advice_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 9)
    monkeypatch.setattr(checking, "MOST_FINDINGS", 5)

    execute(tmp_path, "DELETE FROM instances WHERE key > 2")
    assert kinds(check(tmp_path).findings) == [TooManyFindings]
    execute(tmp_path, "DELETE FROM instances")
    assert kinds(check(tmp_path).findings) == [TooManyFindings]
    assert not (tmp_path / "damaged").exists()
