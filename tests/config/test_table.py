"""The table of settings: complete, frugal, and strict about every single type."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacsberry.config import load
from pacsberry.config.table import SECTIONS, TABLE, Setting
from pacsberry.config.variables import variable_of
from pacsberry.errors import ConfigError
from tests.config.settings import load_text, load_values
from tests.config.test_text import JSON_VALUES
from tests.conftest import ROOT

SETTINGS = [pytest.param(setting, id=name) for name, setting in TABLE.items()]
# Every key of Orthanc 1.12 and 1.13, its plugins, and the older releases that users still have files of.
ORTHANC_KEYS = (Path(__file__).parent / "orthanc_keys.txt").read_text(encoding="ascii").split()
SERVER = ROOT / "server" / "pacsberry"
OWN_NAMES = [setting for setting in TABLE.values() if not setting.alias_of]

# Values nearer to what structured settings hold: names that pass, members they know.
NESTED: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["a", "Study", "0010,0010", "/x", "Folders", "Url", "AET"]),
    JSON_VALUES | st.lists(st.sampled_from(["DA", "CT", "http://x", 104, 1024, "a/b", None, [], {}]), max_size=5),
    max_size=3,
)


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """The values whose names have a dot, in their sections."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        if key:
            tree.setdefault(section, {})[key] = value
    return tree


def wrong_values(setting: Setting) -> list[Any]:
    """What this setting must refuse, whatever it is called."""
    kind = setting.kind.type_name
    values: list[Any] = [None, 1.5]
    if not kind.startswith("boolean") and setting.name != "OverwriteInstances":
        values.append(True)
    if not kind.startswith("integer"):
        values += [7, 10**30]
    else:
        values += [10**30, "7", "x"]
        values += [-7] if setting.name != "StableAge" else []
    if kind not in ("string", "path", "AE title"):
        values += ["no such word", ""]
    else:
        values.append("a\0b")
    if kind != "list":
        values += [[], [1], ["x"]]
    if kind != "object":
        values += [{}, {"a": 1}]
    return values


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_wrong_type_stops_the_start_with_key_place_and_expectation(setting: Setting, tmp_path: Path) -> None:
    for value in wrong_values(setting):
        with pytest.raises(ConfigError) as caught:
            load_values(tmp_path, {setting.name: value})

        message = str(caught.value)
        assert message.startswith(setting.alias_of or setting.name), (value, message)
        assert "site.json:1" in message
        assert "found" in message
        assert "expected" in message


@pytest.mark.parametrize("name", [s.name for s in OWN_NAMES if s.kind.type_name == "list"])
def test_a_list_with_a_wrong_item_names_the_item(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}\[0\] "):
        load_values(tmp_path, {name: [5]})


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_a_section_that_is_no_object_is_refused(section: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{section} .*expected an object"):
        load_values(tmp_path, {section: True})


@pytest.mark.parametrize("name", ORTHANC_KEYS)
def test_every_key_of_orthanc_is_known(name: str) -> None:
    assert name in TABLE


@pytest.mark.parametrize("setting", OWN_NAMES, ids=[setting.name for setting in OWN_NAMES])
def test_a_setting_is_honored_or_the_log_has_one_line_that_says_what_becomes_of_it(
    setting: Setting, tmp_path: Path
) -> None:
    value: Any = {} if setting.default is None and setting.kind.type_name == "object" else setting.default
    value = (
        {"boolean": True, "path": "x", "integer": 1, "string": "/x"}.get(setting.kind.type_name)
        if value is None
        else value
    )

    notes = load_values(tmp_path, {setting.name: value}).notes if setting.name != "Pacsberry.UsersFile" else ()

    lines = [note for note in notes if setting.name in note]
    assert len(lines) == (0 if setting.honored else 1)
    assert all(setting.becomes in line and "site.json:1" in line for line in lines)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({*TABLE, *SECTIONS})), JSON_VALUES | NESTED, max_size=3))
def test_whatever_a_file_holds_it_is_settings_or_a_config_error(tmp_path: Path, values: dict[str, Any]) -> None:
    values.pop("Pacsberry.UsersFile", None)  # it would be opened
    text = json.dumps({name: value for name, value in values.items() if "." not in name} | nested(values))

    with contextlib.suppress(ConfigError):
        load_text(tmp_path, text)


def test_what_is_called_honored_is_read_by_the_program() -> None:
    source = "".join(path.read_text() for part in ("app", "cli") for path in (SERVER / part).glob("*.py"))
    source += (SERVER / "config" / "settings.py").read_text() + (SERVER / "config" / "loading.py").read_text()
    families = (r"DicomAlwaysAllow\w+", r"\w+TransferSyntaxAccepted")  # read by names that are put together

    unread = [setting.name for setting in OWN_NAMES if setting.honored and f'"{setting.name}"' not in source]

    assert [name for name in unread if not any(re.fullmatch(family, name) for family in families)] == []


def test_nothing_is_noted_without_a_configuration(tmp_path: Path) -> None:
    assert load([], folder=tmp_path, environ={}).notes == ()


def test_defaults_are_frugal(tmp_path: Path) -> None:
    settings = load([], folder=tmp_path, environ={})
    frugal = {
        "HttpThreadsCount": 8,
        "DicomThreadsCount": 2,
        "DicomParserCacheSize": 0,
        "TranscoderCacheSize": 0,
        "ConcurrentJobs": 1,
        "MaximumRequestBodySizeMB": 512,
        "MaximumFileSizeInArchiveMB": 512,
        "LimitFindResults": 0,
        "LimitFindInstances": 0,
        "StorageAccessOnFind": "Answers",
        "MetricsEnabled": True,
    }

    assert {name: settings[name] for name in frugal} == frugal
    assert settings.number("MaximumStorageCacheSize") <= 16


def test_the_rest_of_the_defaults_are_those_users_of_orthanc_expect(tmp_path: Path) -> None:
    settings = load([], folder=tmp_path, environ={})

    assert (settings["DicomAet"], settings["DicomPort"], settings["HttpPort"]) == ("ORTHANC", 4242, 8042)
    assert settings["StorageDirectory"] == tmp_path / "OrthancStorage" == settings["IndexDirectory"]
    assert (settings["RemoteAccessAllowed"], settings["AuthenticationEnabled"]) == (False, False)
    assert (settings["OverwriteInstances"], settings["StableAge"], settings["DefaultEncoding"]) == (
        "Never",
        60,
        "Latin1",
    )
    assert settings["AcceptedTransferSyntaxes"] == ("1.2.840.10008.1.*",)
    assert settings["SyncStorageArea"] is True
    assert settings["RegisteredUsers"] is None


def test_every_line_of_help_is_a_sentence() -> None:
    for setting in TABLE.values():
        assert setting.help.endswith("."), setting.name
        assert setting.help[0].isupper(), setting.name
        assert not setting.becomes.endswith("."), setting.name


def test_variables_of_settings_are_all_different() -> None:
    squashed = [variable_of(name).replace("_", "") for name in TABLE]

    assert len(set(squashed)) == len(squashed)


def test_unknown_keys_are_ignored_with_the_nearest_spelling(tmp_path: Path) -> None:
    settings = load_text(
        tmp_path, '{\n"StabelAge": 5,\n"httpport": 1, "DicomWeb": {"Rot": "/x"},\n"Xyzzy": 1, "DicomWeb.Root": "/y"}'
    )

    assert settings["StableAge"] == 60
    site = tmp_path / "site.json"
    assert settings.notes == (
        f'Unknown setting "StabelAge" ({site}:2) is ignored; did you mean "StableAge"?',
        f'Unknown setting "httpport" ({site}:3) is ignored; did you mean "HttpPort"?',
        f'Unknown setting "DicomWeb.Rot" ({site}:3) is ignored; did you mean "DicomWeb.Root"?',
        f'Unknown setting "Xyzzy" ({site}:4) is ignored.',
        f'Unknown setting "DicomWeb.Root" ({site}:4) is ignored; did you mean "DicomWeb"?',
    )


@pytest.mark.parametrize(
    ("wrong", "right", "value", "read"),
    [
        ("DicomWeb.EnableWadoo", "DicomWeb.EnableWado", False, False),
        ("DicomWeb.WadooRoot", "DicomWeb.WadoRoot", "/w", "/w"),
        ("DicomWeb.Ss1", "DicomWeb.Ssl", True, True),
        ("RejectSopClasses", "RejectedSopClasses", ["1.2.3"], ("1.2.3",)),
    ],
)
def test_a_known_misspelling_counts_and_is_corrected_in_the_log(
    wrong: str, right: str, value: Any, read: Any, tmp_path: Path
) -> None:
    settings = load_values(tmp_path, {wrong: value})

    assert settings[right] == read
    assert settings.is_set(right)
    assert any(
        note.startswith(wrong) and f"is taken as {right}, which is the right name" in note for note in settings.notes
    )


def test_the_right_spelling_wins_over_the_wrong_one(tmp_path: Path) -> None:
    settings = load_values(tmp_path, {"Worklists.Database": "old", "Worklists.Directory": "new"})

    assert settings["Worklists.Directory"] == tmp_path / "new"
    assert any("Worklists.Database" in note and "is ignored" in note for note in settings.notes)
