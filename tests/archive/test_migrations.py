"""An older index is upgraded in place, a step at a time; a step that fails leaves it as it was."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from pacsberry.archive import migrations
from tests.archive.keeping_aids import counts, keep, make_header, open_archive


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of steps that a test may add to."""
    folder = tmp_path / "steps"
    shutil.copytree(migrations._FOLDER, folder)
    monkeypatch.setattr(migrations, "_FOLDER", folder)
    return folder


def version(storage: Path) -> int:
    connection = sqlite3.connect(storage / "index.sqlite3")
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_an_index_of_today_is_left_alone(storage: Path) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())
    today = version(storage)

    with open_archive(storage) as archive:
        assert counts(archive)["instances"] == 1
    assert version(storage) == today


def test_an_older_index_gets_the_steps_it_lacks_and_keeps_what_it_holds(
    storage: Path, steps: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())
    older = version(storage)
    (steps / f"{older + 1:04d}_color.sql").write_text(
        "ALTER TABLE patients ADD COLUMN color TEXT NOT NULL DEFAULT 'red';"
    )
    (steps / f"{older + 2:04d}_blue.sql").write_text("UPDATE patients SET color = 'blue';")

    with open_archive(storage) as archive:
        assert counts(archive)["instances"] == 1
        with archive.index.read() as connection:
            assert connection.execute("SELECT color FROM patients").fetchall() == [("blue",)]

    assert version(storage) == older + 2
    assert "upgraded" in caplog.text


def test_a_step_that_fails_changes_nothing_and_the_earlier_ones_stay(storage: Path, steps: Path) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())
    older = version(storage)
    (steps / f"{older + 1:04d}_color.sql").write_text("ALTER TABLE patients ADD COLUMN color TEXT;")
    broken = steps / f"{older + 2:04d}_broken.sql"
    broken.write_text("UPDATE patients SET color = 'blue'; UPDATE nothing SET color = 'blue';")

    with pytest.raises(Exception, match="nothing"), open_archive(storage):
        pass

    assert version(storage) == older + 1
    broken.unlink()
    with open_archive(storage) as archive, archive.index.read() as connection:
        assert connection.execute("SELECT color FROM patients").fetchall() == [(None,)]
