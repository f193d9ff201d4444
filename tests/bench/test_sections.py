"""Sections of their own in RESULTS.md."""

from pathlib import Path

import pytest

from tests.bench.failures import BenchFailure
from tests.bench.sections import Program, own_sections, put, replace_rest


def test_a_section_is_put_at_the_end_and_replaced_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Results\n\n## Goals\n\nsome\n")

    put(path, "One", "make one", "first\n\n## no own heading")
    put(path, "Two", "make two", "second")
    put(path, "One", "make one", "third")

    text = path.read_text()
    assert text.startswith("# Results\n\n## Goals\n\nsome\n\n## ")
    assert "first" not in text
    assert len(own_sections(text)) == 2
    assert text.endswith("## One\n\n<!-- by make one -->\n\nthird\n")


def test_a_new_report_keeps_the_sections_of_others(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Results\n\nold\n")
    put(path, "One", "make one", "first")

    replace_rest(path, "# Results\n\nnew\n")

    assert path.read_text() == "# Results\n\nnew\n\n## One\n\n<!-- by make one -->\n\nfirst\n"
    replace_rest(tmp_path / "none.md", "x\n")
    assert (tmp_path / "none.md").read_text() == "x\n"


def _program(told: list[Path], *, fails: bool = False) -> Program:
    def report(folder: Path, is_quick: bool) -> str:
        told.append(folder)
        (folder / "data").write_text("x")
        if fails:
            raise BenchFailure("no card")
        return f"quick: {is_quick}"

    return Program("tests.bench.none", "None", "About.", "less", "anywhere", report, command="make none")


@pytest.fixture(autouse=True)
def _nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.bench.sections.install_missing", lambda: None)
    monkeypatch.setattr("tests.bench.sections.signal.signal", lambda *_: None)


def test_a_program_writes_its_section_unless_it_was_quick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, folders = tmp_path / "RESULTS.md", list[Path]()

    assert _program(folders).run(["--quick", "--folder", str(tmp_path)], results) == 0
    assert not results.exists()
    assert _program(folders).run(["--folder", str(tmp_path)], results) == 0

    assert results.read_text().endswith("## None\n\n<!-- by make none -->\n\nquick: False\n")
    assert capsys.readouterr().out == "quick: True\nquick: False\n"
    assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)


def test_a_program_that_cannot_measure_says_why_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, folders = tmp_path / "RESULTS.md", list[Path]()

    assert _program(folders, fails=True).run(["--folder", str(tmp_path)], results) == 1

    assert capsys.readouterr().err == "no card\n"
    assert not results.exists()
    assert not folders[0].exists()
