"""A configuration without its secrets: the rest stays as it was written, and nothing secret does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.config import load
from pacsberry.config.secrets import PUBLIC_FILES, SECRET_FILES, settings_without_secrets, without_secrets
from pacsberry.config.table import TABLE
from pacsberry.errors import ConfigError


def blanked(text: str) -> str:
    return without_secrets(text.encode()).text


@pytest.mark.parametrize(
    "text",
    [
        '{"RegisteredUsers": {"alice": "hunter2"}}',
        '{"RegisteredUsers": {"alice": "a\\"hunter2"}}',
        '{"RegisteredUsers": {"alice": "${PASSWORD:-hunter2}"}}',
        '{"RegisteredUsers": ${USERS:-hunter2}}',
        '{"RegisteredUsers": {"alice": hunter2}}',
        '{"OrthancPeers": {"peer": ["http://host/", "user", "hunter2"]}}',
        '{"OrthancPeers": {"peer": {"Url": "http://host/", "HttpHeaders": {"Authorization": "hunter2"}}}}',
        '{"HttpProxy": "user:hunter2@proxy:8080"}',
        '{"DicomWeb": {"Servers": {"a": ["http://host/", "user", "hunter2"]}}}',
        '{"DicomWeb": {"Unknown": "hunter2"}}',
        '{"Unknown": "hunter2"}',
        '{"Unknown": [[{"a": "hunter2"}], "hunter2"]}',
        '{"PostgreSQL": {"Password": "hunter2"}}',
        '{"Registered\\u0055sers": {"alice": "hunter2"}}',
        '{"DicomModalities": {"a": {"AET": "A", "Host": "h", "Port": 104, "Password": "hunter2"}}}',
        '{"DicomModalities": {"a": {"AET": "A", "Comment": "https://user:hunter2@host/"}}}',
        '{"Name": "http://user:hunter2@host/"}',
        '{"Name": "x" // hunter2\n}',
        '{/* hunter2 */ "Name": "x"}',
    ],
)
def test_a_secret_is_taken_out(text: str) -> None:
    assert "hunter2" in text
    assert "hunter2" not in blanked(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"Name": "Class 3", "HttpPort": 8042}',
        '{\n  "DicomModalities": {"a": ["AET", "192.0.2.7", 104]},\n  "SslEnabled": true\n}',
        '{"HttpPort": ${PORT:-8042}, "Name": "${NAME}"}',
        '{"UserMetadata": {"authorKey": 1024}, "KeepAlive": false}',
        '{"DicomTlsPrivateKey": "key.pem", "SslCertificate": "certificate.pem"}',
        '{"Pacsberry": {"UsersFile": "users.json", "KeepFreeMB": 512}}',
        '{"ExtraMainDicomTags": {"Study": ["0008,1030"]}, "AcceptedTransferSyntaxes": ["1.2.840.10008.1.*",]}',
        '{"Name": "https://host/page"}',
    ],
)
def test_what_is_no_secret_stays_as_it_is_written(text: str) -> None:
    found = without_secrets(text.encode())

    assert found.text == text
    assert found.names == ()


def test_what_was_taken_out_is_named_and_leaves_its_kind_behind() -> None:
    text = '{"RegisteredUsers": {"alice": "a", "bob": "b"}, "HttpProxy": "c", "Unknown": [1], "Other": 7}'

    found = without_secrets(text.encode())

    assert json.loads(found.text) == {"RegisteredUsers": {}, "HttpProxy": "", "Unknown": [], "Other": None}
    assert found.names == ("RegisteredUsers.alice", "RegisteredUsers.bob", "HttpProxy", "Unknown", "Other")


@pytest.mark.parametrize(
    "text", ["", "{", '{"a"}', '{"a": }', "[1, 2", '{"a": "x', '{"a" "b"}', "{} {}", "\xff", '{"a": 1,, }']
)
def test_a_text_that_is_not_understood_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(ConfigError, match="nobody can say what in it is secret"):
        without_secrets(text.encode("latin-1"))


secret_names = st.sampled_from(["RegisteredUsers", "OrthancPeers", "Unknown", "Password", "HttpProxy", "Housekeeper"])
values: st.SearchStrategy[Any] = st.recursive(
    st.just("hunter2") | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(secret_names, values, max_size=4), st.sampled_from([None, 1, 4]))
def test_no_value_of_a_secret_setting_is_left(document: Mapping[str, Any], indent: int | None) -> None:
    found = without_secrets(json.dumps({"Name": "x", **document}, indent=indent).encode())

    assert "hunter2" not in found.text
    assert set(json.loads(found.text)) == {"Name", *document}


def test_the_settings_in_effect_are_shown_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(
        json.dumps(
            {
                "Name": "Class 3",
                "RegisteredUsers": {"alice": "hunter2"},
                "HttpProxy": "user:hunter2@proxy:8080",
                "OrthancPeers": {"peer": ["http://host/", "user", "hunter2"]},
                "DicomModalities": {"a": {"AET": "A", "Host": "192.0.2.7", "Port": 104, "Password": "hunter2"}},
            }
        )
    )

    found = settings_without_secrets(load([tmp_path / "site.json"], folder=tmp_path, environ={}))

    assert "hunter2" not in json.dumps(found)
    assert found["Name"] == {"value": "Class 3", "origin": f"{tmp_path}/site.json:1"}
    assert "StableAge" not in found


def test_every_setting_that_names_a_file_of_the_configuration_is_known() -> None:
    assert not set(SECRET_FILES) & set(PUBLIC_FILES)
    named = {name for name in TABLE if name.endswith(("Certificate", "Certificates", "PrivateKey", "UsersFile"))}
    needs_a_decision = {name for name in named if TABLE[name].kind.type_name == "path"}
    assert needs_a_decision == {*SECRET_FILES, *PUBLIC_FILES}


def test_the_files_that_were_read_are_remembered(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("{}")

    settings = load([tmp_path], folder=tmp_path, environ={})

    assert settings.files == (tmp_path / "a.json", tmp_path / "b.json")
