"""Settings with a structure are checked to their last field."""

from pathlib import Path
from typing import Any

import pytest

from pacsberry.config.structures import DictionaryEntry
from pacsberry.errors import ConfigError
from pacsberry.modality import Modality
from tests.config.settings import load_text, load_values


def refused(folder: Path, name: str, value: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_values(folder, {name: value})
    message = str(caught.value)
    assert message.startswith(name)
    assert "site.json:1" in message
    return message


def test_a_modality_may_be_an_array_or_an_object(tmp_path: Path) -> None:
    settings = load_values(
        tmp_path,
        {
            "DicomModalities": {
                "ct": ["CT1 ", "10.0.0.1", 104],
                "old": ["OLD", "old.local", 11112, "Vitrea"],
                "ws": {
                    "AET": "WS",
                    "Host": "::1",
                    "Port": 105,
                    "AllowMove": False,
                    "AllowStorageCommitment": False,
                    "AllowEventReport": True,
                    "UseDicomTls": True,
                    "LocalAet": "CLASS",
                    "Timeout": 5,
                    "RetrieveMethod": "C-GET",
                },
            }
        },
    )

    assert settings.modalities["ct"] == Modality("ct", "CT1", "10.0.0.1", 104)
    assert settings.modalities["old"].manufacturer == "Vitrea"
    assert settings.modalities["ws"] == Modality(
        *("ws", "WS", "::1", 105),
        allow_move=False,
        allow_n_action=False,
        use_dicom_tls=True,
        local_aet="CLASS",
        timeout=5,
        retrieve_method="C-GET",
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["CT", "host"], "found 2 items"),
        (["CT", "host", 104, "GE", 5], "found 5 items"),
        (["CT", "host", "104"], "Port is '104'"),
        (["CT", "host", True], "Port is True"),
        (["CT", "host", 0], "1 to 65535"),
        (["CT", "host", 65536], "1 to 65535"),
        (["", "host", 104], "AET is ''"),
        (["A23456789012345678", "host", 104], "1 to 16"),
        (["A\\B", "host", 104], "AET"),
        (["ÄET", "host", 104], "AET"),
        ([5, "host", 104], "AET is 5"),
        (["CT", "", 104], "Host is ''"),
        (["CT", "a b", 104], "Host"),
        (["CT", 7, 104], "Host is 7"),
        (["CT", "host", 104, "vitrea"], "Manufacturer is 'vitrea', expected one of Generic, "),
        (["CT", "host", 104, None], "Manufacturer"),
        ("CT", "found 'CT'"),
        ({"AET": "CT", "Port": 1}, "Host missing"),
        ({"AET": "CT", "Host": "h", "Port": 1, "AllowEcho": 1}, "AllowEcho is 1, expected true or false"),
        ({"AET": "CT", "Host": "h", "Port": 1, "AllowStorageCommitment": "no"}, "AllowStorageCommitment"),
        ({"AET": "CT", "Host": "h", "Port": 1, "Timeout": -1}, "Timeout"),
        ({"AET": "CT", "Host": "h", "Port": 1, "RetrieveMethod": "C-STORE"}, "RetrieveMethod"),
        ({"AET": "CT", "Host": "h", "Port": 1, "LocalAet": "x" * 17}, "LocalAet"),
    ],
)
def test_a_wrong_modality_stops_the_start(value: Any, words: str, tmp_path: Path) -> None:
    message = refused(tmp_path, "DicomModalities", {"node": value})

    assert message.startswith("DicomModalities.node (")
    assert words in message


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "x" * 65])
def test_a_modality_needs_a_simple_name(name: str, tmp_path: Path) -> None:
    assert "name" in refused(tmp_path, "DicomModalities", {name: ["CT", "host", 104]})


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("AgfaImpax", "GenericNoWildcardInDates"),
        ("SyngoVia", "GenericNoWildcardInDates"),
        ("EFilm2", "Generic"),
        ("MedInria", "Generic"),
        ("ClearCanvas", "Generic"),
        ("Dcm4Chee", "Generic"),
        ("StoreScp", "Generic"),
    ],
)
def test_manufacturers_of_older_releases_are_accepted_with_a_line_in_the_log(
    old: str, today: str, tmp_path: Path
) -> None:
    settings = load_values(tmp_path, {"DicomModalities": {"ct": ["CT", "host", 104, old]}})

    assert settings.modalities["ct"].manufacturer == today
    assert len(settings.notes) == 1
    assert old in settings.notes[0]
    assert today in settings.notes[0]


def test_an_unknown_member_of_a_modality_is_ignored_with_a_line_in_the_log(tmp_path: Path) -> None:
    node = {"AET": "CT", "Host": "h", "Port": 1, "AllowEco": True}

    notes = load_values(tmp_path, {"DicomModalities": {"ct": node}}).notes

    assert ["AllowEco" in note for note in notes] == [True]


def test_metadata_have_one_number_each(tmp_path: Path) -> None:
    assert load_values(tmp_path, {"UserMetadata": {"Case": 1024, "Lesson": 65535}})["UserMetadata"] == {
        "Case": 1024,
        "Lesson": 65535,
    }
    assert "1024 is the number of A already" in refused(tmp_path, "UserMetadata", {"A": 1024, "B": 1024})
    for number in (1023, 65536, "1024", True, 1024.0, [1024, "a/b"]):
        assert "1024 to 65535" in refused(tmp_path, "UserMetadata", {"A": number})
    assert "name" in refused(tmp_path, "UserMetadata", {"a b": 1024})


def test_content_types_may_have_a_mime_type(tmp_path: Path) -> None:
    settings = load_values(tmp_path, {"UserContentType": {"report": 1024, "movie": [1025, "video/mp4"]}})

    assert settings["UserContentType"] == {"report": (1024, "application/octet-stream"), "movie": (1025, "video/mp4")}
    for value in ([1024], [1024, "mp4"], [1024, 5], [1024, "a/b\r\nX: y"], ["1024", "a/b"], [1, "a/b"], [1, 2, 3]):
        refused(tmp_path, "UserContentType", {"A": value})


def test_dictionary_entries_have_a_vr_a_name_and_perhaps_more(tmp_path: Path) -> None:
    settings = load_values(
        tmp_path,
        {
            "Dictionary": {
                "0014,1020": ["DA", "ValidationExpiryDate", 1, 1],
                "4321-1012": ["LO", "RadioButton3", 1, 0, "RadioLogic"],
                "00e11010": ["US", "Simple"],
            }
        },
    )

    assert settings["Dictionary"] == (
        DictionaryEntry(0x00141020, "DA", "ValidationExpiryDate"),
        DictionaryEntry(0x43211012, "LO", "RadioButton3", 1, 0, "RadioLogic"),
        DictionaryEntry(0x00E11010, "US", "Simple"),
    )


@pytest.mark.parametrize(
    ("tag", "entry"),
    [
        ("0014,10", ["DA", "Name"]),
        ("0014,1020", ["DA"]),
        ("0014,1020", ["XX", "Name"]),
        ("0014,1020", [5, "Name"]),
        ("0014,1020", ["DA", 5]),
        ("0014,1020", ["DA", ""]),
        ("0014,1020", ["DA", "Name", -1]),
        ("0014,1020", ["DA", "Name", "1"]),
        ("0014,1020", ["DA", "Name", 1, 1, 5]),
        ("0014,1020", ["DA", "Name", 1, 1, "x", 5]),
        ("0014,1020", "DA"),
    ],
)
def test_a_wrong_dictionary_entry_stops_the_start(tag: str, entry: Any, tmp_path: Path) -> None:
    assert refused(tmp_path, "Dictionary", {tag: entry}).startswith(f"Dictionary.{tag} (")


def test_extra_tags_belong_to_the_four_levels(tmp_path: Path) -> None:
    value = {"Study": ["ProtocolName", "0018,1030"], "Instance": ["00080008"]}

    assert load_values(tmp_path, {"ExtraMainDicomTags": value})["ExtraMainDicomTags"] == {
        "Study": ("ProtocolName", "0018,1030"),
        "Instance": ("00080008",),
    }
    wrongs: list[Any] = [
        {"Studies": []},
        {"Study": "ProtocolName"},
        {"Study": [5]},
        {"Study": ["a b"]},
        {"Study": [""]},
    ]
    for wrong in wrongs:
        refused(tmp_path, "ExtraMainDicomTags", wrong)


@pytest.mark.parametrize("name", ["OrthancPeers", "DicomWeb.Servers"])
def test_servers_may_be_an_array_or_an_object_and_keep_their_own_properties(name: str, tmp_path: Path) -> None:
    servers = {
        "a": ["http://a/"],
        "b": ["https://b:8043/x", "user", "secret"],
        "c": {"Url": "http://c", "HttpHeaders": {"Token": "secret"}, "Timeout": 5, "RemoteSelf": {"x": [1]}},
    }

    settings = load_values(tmp_path, {name: servers})

    assert settings[name]["a"] == {"Url": "http://a/"}
    assert settings[name]["b"]["Password"] == "secret"
    assert settings[name]["c"]["RemoteSelf"] == {"x": [1]}
    assert "secret" not in str(settings.shown(name))


@pytest.mark.parametrize(
    "server",
    [
        [],
        ["ftp://a"],
        ["http://a b"],
        ["http://a", 5],
        ["http://a", "u", "p", "x"],
        "http://a",
        {},
        {"Url": 5},
        {"Url": "http://a", "Timeout": "5"},
        {"Url": "http://a", "HttpHeaders": {"a b": "x"}},
        {"Url": "http://a", "HttpHeaders": {"a": "x\r\nEvil: y"}},
        {"Url": "http://a", "HasDelete": 1},
    ],
)
def test_a_wrong_server_stops_the_start(server: Any, tmp_path: Path) -> None:
    refused(tmp_path, "OrthancPeers", {"a": server})


def test_served_folders_may_be_short_or_long(tmp_path: Path) -> None:
    short = load_values(tmp_path, {"ServeFolders": {"/docs": "/srv/docs"}})
    long = load_values(
        tmp_path,
        {"ServeFolders": {"Folders": {"/docs": "/srv/docs"}, "AllowCache": True, "Extensions": {".x": "a/b"}, "Y": 1}},
    )

    assert short["ServeFolders"]["Folders"] == long["ServeFolders"]["Folders"] == {"/docs": "/srv/docs"}
    assert any("ServeFolders.Y" in note for note in long.notes)
    wrongs: list[Any] = [{"/docs": 5}, {"Folders": []}, {"Folders": {}, "AllowCache": "no"}]
    for wrong in wrongs:
        refused(tmp_path, "ServeFolders", wrong)


@pytest.mark.parametrize(("value", "read"), [(True, "Always"), (False, "Never"), ("IfChanged", "IfChanged")])
def test_overwriting_may_be_a_word_or_a_boolean(value: Any, read: str, tmp_path: Path) -> None:
    assert load_values(tmp_path, {"OverwriteInstances": value})["OverwriteInstances"] == read


@pytest.mark.parametrize("value", ["always", 1, 0, [True], ""])
def test_overwriting_takes_nothing_else(value: Any, tmp_path: Path) -> None:
    assert "expected one of Never, Always, IfChanged" in refused(tmp_path, "OverwriteInstances", value)


@pytest.mark.parametrize("value", [0, -5])
def test_a_stable_age_below_one_means_sixty(value: int, tmp_path: Path) -> None:
    settings = load_values(tmp_path, {"StableAge": value})

    assert settings["StableAge"] == 60
    assert any("StableAge" in note for note in settings.notes)


def test_ports_are_between_0_and_65535(tmp_path: Path) -> None:
    assert load_values(tmp_path, {"HttpPort": 0, "DicomPort": 65535})["HttpPort"] == 0
    for port in (-1, 65536, 80.0, "80"):
        assert "from 0 to 65535" in refused(tmp_path, "HttpPort", port)


@pytest.mark.parametrize("title", ["", " ", "A" * 17, "A\\B", "A\tB", "É", 5])
def test_our_own_title_has_to_be_a_title(title: Any, tmp_path: Path) -> None:
    assert "AE title" in refused(tmp_path, "DicomAet", title)


def test_the_padding_of_our_title_is_removed(tmp_path: Path) -> None:
    assert load_values(tmp_path, {"DicomAet": "  PACS 1 "})["DicomAet"] == "PACS 1"


@pytest.mark.parametrize(
    "users",
    [{"": "x"}, {"a:b": "x"}, {"a\nb": "x"}, {"a" * 129: "x"}, {"a": ""}, {"a": 5}, {"a": None}, ["a", "x"], "a"],
)
def test_wrong_accounts_stop_the_start(users: Any, tmp_path: Path) -> None:
    refused(tmp_path, "RegisteredUsers", users)


def test_a_message_never_holds_a_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, '{"RegisteredUsers": {"alice": ["hunter2"]}}')

    assert "hunter2" not in str(caught.value)
    assert "found a list" in str(caught.value)


def test_a_huge_wrong_value_is_cut_in_the_message(tmp_path: Path) -> None:
    assert len(refused(tmp_path, "HttpPort", ["x" * 100_000])) < 400
    assert len(refused(tmp_path, "DicomModalities", {"a": "x" * 100_000})) < 400
