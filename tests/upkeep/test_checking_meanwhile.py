"""A check of a storage in use: what arrives, goes or is packed meanwhile is no finding, what is wrong is one."""

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from pacsberry.archive.looking import open_reading
from pacsberry.model import Level
from pacsberry.upkeep import checking
from pacsberry.upkeep.checking import Check
from pacsberry.upkeep.entry_findings import (
    BrokenEntry,
    MissingFile,
)
from pacsberry.upkeep.finding import Finding
from pacsberry.upkeep.findings import (
    ForeignFile,
    SpoolLeftover,
    TooManyFindings,
    UnknownAttachment,
    UnknownInstance,
)
from tests.archive.keeping_aids import encode, keep, make_header
from tests.upkeep.aids import (
    INDEX,
    attach,
    check,
    execute,
    file_of,
    files,
    fill,
    open_archive,
    read_header,
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

HARMS_THAT_ADD_UP = (
    a_missing_file,
    a_short_file,
    a_vanished_patient,
    a_wrong_sum,
    a_file_of_two,
    a_holiday_picture,
    a_picture_called_dicom,
    a_forgotten_attachment,
    a_folder_in_a_bucket,
    labels_of_nothing,
    a_file_to_be_removed_by_mistake,
    a_flipped_attachment,
)


def hot(folder: Path, meanwhile: Callable[[], None]) -> list[Finding]:
    """A check in which something happens after the first look and before the second."""
    with open_reading(folder, folder / INDEX) as archive:
        return (
            Check(
                archive.index,
                archive.files,
                read_header=read_header,
                sleep=lambda seconds: meanwhile(),
            )
            .run()
            .findings
        )


def test_what_arrives_or_goes_meanwhile_is_no_finding(tmp_path: Path) -> None:
    headers = fill(tmp_path, attachments=1)
    before = tmp_path / "before"
    shutil.copytree(tmp_path, before)
    with open_archive(before) as archive:
        keep(archive, make_header(instance=50))
        attach(archive, headers[0], 2000)
        archive.delete(Level.INSTANCE, headers[1].identifiers.orthanc_id(Level.INSTANCE))
    shutil.copytree(before / "files", tmp_path / "files", dirs_exist_ok=True)
    file_of(tmp_path, headers[1]).unlink()
    seen = kinds(check(tmp_path).findings)
    assert sorted(kind.__name__ for kind in seen) == ["MissingFile", "UnknownAttachment", "UnknownInstance"]

    def commit() -> None:
        shutil.copy(before / INDEX, tmp_path / INDEX)

    assert hot(tmp_path, commit) == []


def test_what_is_packed_meanwhile_is_no_finding(tmp_path: Path) -> None:
    (header,) = fill(tmp_path, 1)
    old = file_of(tmp_path, header)
    new = tmp_path / "files" / "00000001" / old.name
    new.parent.mkdir()
    old.rename(new)
    assert kinds(check(tmp_path).findings) == [MissingFile, UnknownInstance]

    def commit() -> None:
        execute(tmp_path, "UPDATE instances SET file = replace(file, '00000000/', '00000001/')")

    assert hot(tmp_path, commit) == []


def test_what_is_really_wrong_is_still_found_while_the_server_runs(tmp_path: Path) -> None:
    fill(tmp_path, attachments=1)
    for harm in HARMS_THAT_ADD_UP:
        harm(tmp_path)
    with open_reading(tmp_path, tmp_path / INDEX) as archive:
        first = Check(archive.index, archive.files, read_header=read_header, is_alone=True).run()

    found = hot(tmp_path, lambda: None)

    assert set(found) == {finding for finding in first.findings if not isinstance(finding, SpoolLeftover)}


def test_a_spool_file_that_still_grows_is_no_leftover(tmp_path: Path) -> None:
    fill(tmp_path)
    a_leftover(tmp_path)
    with open_reading(tmp_path, tmp_path / INDEX) as archive:
        look = Check(archive.index, archive.files, read_header=read_header, sleep=lambda seconds: None)
        assert look.run().is_clean
    (leftover,) = (tmp_path / "spool").iterdir()
    os.utime(leftover, (1, 1))

    assert kinds(hot(tmp_path, lambda: None)) == [SpoolLeftover]


def test_the_buckets_are_compared_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.archive.filestore.FILES_PER_BUCKET", 3)
    headers = fill(tmp_path, 10)
    assert check(tmp_path).is_clean
    file_of(tmp_path, headers[2]).unlink()
    path = file_of(tmp_path, headers[9])
    path.rename(tmp_path / "files" / "00000000" / path.name)

    assert kinds(check(tmp_path).findings) == [MissingFile, MissingFile, UnknownInstance]
    repair(tmp_path)

    assert check(tmp_path).is_clean
    assert served(tmp_path, headers[9]) == encode(headers[9])


def test_a_file_that_is_gone_for_good_when_its_entry_is_gone_too_is_no_finding(tmp_path: Path) -> None:
    headers = fill(tmp_path)
    file_of(tmp_path, headers[1]).unlink()

    assert hot(tmp_path, lambda: execute(tmp_path, "DELETE FROM instances WHERE key = 2")) == []


def test_a_broken_entry_is_named_once(tmp_path: Path) -> None:
    fill(tmp_path)
    execute(tmp_path, "DELETE FROM formats")
    for path in files(tmp_path):
        path.unlink()

    assert kinds(check(tmp_path).findings) == [BrokenEntry] * 4


def test_an_attachment_in_a_bucket_of_its_own_is_compared(tmp_path: Path) -> None:
    fill(tmp_path, attachments=1)
    execute(tmp_path, "UPDATE attachments SET file = '00000077/nowhere.bin'")

    assert kinds(check(tmp_path).findings) == [MissingFile, UnknownAttachment]


def test_what_the_remover_is_about_to_take_away_is_no_finding(tmp_path: Path) -> None:
    fill(tmp_path)
    name = f"00000000/{uuid.uuid4()}.dcm"
    shutil.copy(files(tmp_path)[0], tmp_path / "files" / name)
    execute(tmp_path, f"INSERT INTO garbage VALUES ('{name}')")  # noqa: S608 - our name

    assert check(tmp_path).is_clean


def test_a_changed_copy_does_not_take_the_place_of_a_lost_file(tmp_path: Path) -> None:
    header = fill(tmp_path)[2]
    path = file_of(tmp_path, header)
    copy = path.with_name(f"{uuid.uuid4()}.dcm")
    path.rename(copy)
    flip(copy)

    assert kinds(check(tmp_path).findings) == [MissingFile, ForeignFile]
    repair(tmp_path)

    assert check(tmp_path).is_clean
    assert served(tmp_path, header) is None


def test_an_index_that_was_lost_is_not_made_anew_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_FINDINGS", 5)
    fill(tmp_path, 9)
    execute(tmp_path, "DELETE FROM instances")
    read: list[BinaryIO] = []

    with open_reading(tmp_path, tmp_path / INDEX) as archive:
        report = Check(archive.index, archive.files, read_header=read.append, is_alone=True).run()  # type: ignore[arg-type]

    assert kinds(report.findings) == [TooManyFindings]
    assert read == []
