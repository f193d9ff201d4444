"""The document and the file to start from are made from the table."""

import re
from pathlib import Path

from pacsberry.config import load
from pacsberry.config.document import BEGIN, commented_defaults, markdown
from pacsberry.config.table import TABLE
from tests.config.settings import load_text
from tests.conftest import ROOT

DOCUMENT = (ROOT / "server" / "CONFIGURATION.md").read_text(encoding="utf-8")


def test_the_document_has_the_table_the_code_has() -> None:
    assert DOCUMENT[DOCUMENT.index(BEGIN) :] == markdown(), "write it anew with: pacsberry config --markdown"


def test_the_document_names_every_setting_once_with_its_help() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", DOCUMENT[DOCUMENT.index(BEGIN) :], re.MULTILINE)

    assert sorted(rows) == sorted(TABLE)
    for setting in TABLE.values():
        assert setting.help.replace("|", "\\|") in DOCUMENT


def test_every_row_of_the_document_has_five_cells() -> None:
    for line in markdown().splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6, line


def test_the_file_to_start_from_changes_nothing_and_is_complete(tmp_path: Path) -> None:
    text = commented_defaults()

    settings = load_text(tmp_path, text)

    defaults = load([], folder=tmp_path, environ={})
    assert settings.notes == ()
    assert {name: settings[name] for name in settings} == {name: defaults[name] for name in defaults}
    for setting in TABLE.values():
        if not setting.alias_of:
            assert f'"{setting.name.rpartition(".")[2]}": ' in text


def test_the_file_to_start_from_is_still_right_when_everything_is_commented_in(tmp_path: Path) -> None:
    text = re.sub(r"^( +)// (\".*\": .*,)$", r"\1\2", commented_defaults(), flags=re.MULTILINE)

    settings = load_text(tmp_path, text.replace('"UsersFile"', '"Unused"'))

    assert len([name for name in settings if settings.is_set(name)]) >= len(settings) - 1
