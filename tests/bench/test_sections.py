"""Sections of their own in RESULTS.md."""

from pathlib import Path

from tests.bench.sections import own_sections, put, replace_rest


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
