"""The export log: what was sent where, as Orthanc tells it."""

from pathlib import Path

from pacsberry.model import Identifiers, Level
from tests.archive.seed import open_archive

WHO = Identifiers("P1", "1.2", "1.2.3", "1.2.3.4")


def test_an_export_names_the_identifiers_of_its_level_and_above(tmp_path: Path) -> None:
    with open_archive(tmp_path, log_exports=True) as archive:
        archive.exports.record(Level.STUDY, "some-id", "THEATRE", WHO)

        assert archive.exports.page() == {
            "Done": True,
            "Exports": [
                {
                    "Date": "20260921T141320",
                    "ID": "some-id",
                    "Path": "/studies/some-id",
                    "PatientID": "P1",
                    "RemoteModality": "THEATRE",
                    "ResourceType": "Study",
                    "Seq": 1,
                    "StudyInstanceUID": "1.2",
                }
            ],
            "Last": 1,
        }


def test_exports_come_in_pages_and_numbers_go_on_after_clearing(tmp_path: Path) -> None:
    with open_archive(tmp_path, log_exports=True) as archive:
        for level in Level:
            archive.exports.record(level, f"id-{level}", "PEER", WHO)

        def summary(page: dict[str, object]) -> tuple[list[int], object, object]:
            exports = page["Exports"]
            assert isinstance(exports, list)
            return [export["Seq"] for export in exports], page["Done"], page["Last"]

        assert summary(archive.exports.page(limit=3)) == ([1, 2, 3], False, 3)
        assert summary(archive.exports.page(3, 3)) == ([4], True, 4)
        assert summary(archive.exports.page(10**30)) == ([], True, 4)
        assert summary(archive.exports.page(last=True)) == ([4], True, 4)
        archive.exports.clear()
        assert summary(archive.exports.page()) == ([], True, 4)
        archive.exports.record(Level.PATIENT, "id", "PEER", WHO)
        assert summary(archive.exports.page(last=True)) == ([5], True, 5)


def test_nothing_is_logged_unless_the_option_says_so(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        archive.exports.record(Level.STUDY, "some-id", "THEATRE", WHO)

        assert archive.exports.page() == {"Done": True, "Exports": [], "Last": 0}
