"""Files, folders, their merging, paths and origins."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pacsberry.config import Settings, load
from pacsberry.config import loading as loading_module
from pacsberry.config.sources import MOST_FILES
from pacsberry.errors import ConfigError
from tests.config.settings import NOWHERE, load_text


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def load_paths(folder: Path, *paths: Path, environ: dict[str, str] | None = None, **how: Any) -> Settings:
    return load(paths, folder=folder, environ=environ or {}, secrets=how.pop("secrets", NOWHERE), **how)


def test_a_setting_remembers_the_line_it_was_written_on(tmp_path: Path) -> None:
    settings = load_text(tmp_path, '{\n// comment\n"HttpPort": 1,\n"DicomWeb": {\n"Root": "/x"}}')

    assert settings.origin("HttpPort") == f"{tmp_path / 'site.json'}:3"
    assert settings.origin("DicomWeb.Root") == f"{tmp_path / 'site.json'}:5"
    assert settings.origin("DicomPort") == "default"
    assert settings.origin("IndexDirectory") == "as StorageDirectory"
    assert [name for name in settings if settings.is_set(name)] == ["HttpPort", "DicomWeb.Root"]


def test_a_folder_stands_for_its_json_files_in_order_and_not_for_what_is_below(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    write(folder / "b.json", {"HttpPort": 1})
    write(folder / "a.json", {"DicomPort": 2})
    write(folder / "sub" / "c.json", {"Name": "below"})
    write(folder / ".hidden.json", {"Name": "hidden"})
    write(folder / "notes.txt", "not JSON")
    (folder / "folder.json").mkdir()

    settings = load_paths(tmp_path, folder)

    assert (settings["HttpPort"], settings["DicomPort"], settings["Name"]) == (1, 2, "Pacsberry")
    assert settings.notes == ()


def test_a_folder_without_json_is_noted(tmp_path: Path) -> None:
    assert load_paths(tmp_path, tmp_path).notes == (f"{tmp_path}: the folder holds no *.json file.",)


def test_a_key_in_two_files_is_an_error_that_names_both(tmp_path: Path) -> None:
    write(tmp_path / "a.json", '{\n"DicomWeb": {"Root": "/a"}}')
    write(tmp_path / "b.json", '{\n\n"DicomWeb": {"Host": "b"}}')

    with pytest.raises(ConfigError) as caught:
        load_paths(tmp_path, tmp_path)

    assert f"{tmp_path / 'a.json'}:2" in str(caught.value)
    assert f"{tmp_path / 'b.json'}:3" in str(caught.value)
    assert '"DicomWeb"' in str(caught.value)


@pytest.mark.parametrize("content", ["[]", '"x"', "5", "null"])
def test_a_file_has_to_hold_an_object(content: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"site\.json:1: found .* expected an object"):
        load_text(tmp_path, content)


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.json: No such file"):
        load_paths(tmp_path, Path("nothing.json"))
    with pytest.raises(ConfigError, match="larger than"):
        load_paths(tmp_path, Path("/dev/zero"))


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        write(tmp_path / f"{number}.json", "{}")

    with pytest.raises(ConfigError, match="more than 256"):
        load_paths(tmp_path, tmp_path)


def test_relative_paths_start_from_the_folder_of_their_file(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "a.json", {"StorageDirectory": "data"})
    two = write(tmp_path / "two" / "b.json", {"TemporaryDirectory": "../tmp", "SslCertificate": "/etc/cert.pem"})

    settings = load_paths(tmp_path, one.relative_to(tmp_path), two)

    assert settings.path("StorageDirectory") == tmp_path / "one" / "data" == settings.path("IndexDirectory")
    assert settings.path("TemporaryDirectory") == tmp_path / "two" / ".." / "tmp"
    assert settings.path("SslCertificate") == Path("/etc/cert.pem")


def test_default_paths_start_from_the_folder_of_the_first_file(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "a.json", {})
    two = write(tmp_path / "two" / "b.json", {})

    assert load_paths(tmp_path, one, two).path("StorageDirectory") == tmp_path / "one" / "OrthancStorage"
    assert load_paths(tmp_path).path("StorageDirectory") == tmp_path / "OrthancStorage"


def test_authentication_follows_remote_access_unless_it_is_set(tmp_path: Path) -> None:
    assert load_text(tmp_path, '{"RemoteAccessAllowed": true}').flag("AuthenticationEnabled") is True
    assert load_text(tmp_path, '{"RemoteAccessAllowed": false}').flag("AuthenticationEnabled") is False
    both = load_text(tmp_path, '{"RemoteAccessAllowed": true, "AuthenticationEnabled": false}')
    assert both.flag("AuthenticationEnabled") is False


def test_variables_are_put_into_the_text(tmp_path: Path) -> None:
    text = '{"HttpPort": ${PORT:-8043}, "RegisteredUsers": {"a": "${PASSWORD}"}, "Name": "${MISSING}"}'

    settings = load_text(tmp_path, text, {"PASSWORD": 'a"b\\c'})

    assert settings["HttpPort"] == 8043
    assert settings.users == {"a": 'a"b\\c'}
    assert len(settings.notes) == 1
    assert "the variable MISSING is not set" in settings.notes[0]


def test_an_account_whose_variable_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"RegisteredUsers.a"):
        load_text(tmp_path, '{"RegisteredUsers": {"a": "${PASSWORD}"}}')


def test_options_win_over_files_and_start_from_the_working_directory(tmp_path: Path) -> None:
    site = write(tmp_path / "etc" / "a.json", {"HttpPort": 1, "StorageDirectory": "data"})

    settings = load_paths(tmp_path, site, options={"HttpPort": ("--http-port", 2), "StorageDirectory": ("--data", "x")})

    assert (settings["HttpPort"], settings.origin("HttpPort")) == (2, "--http-port")
    assert settings.path("StorageDirectory") == tmp_path / "x"


def test_variables_that_would_be_settings_are_pointed_out_without_layers(tmp_path: Path) -> None:
    settings = load_paths(tmp_path, environ={"ORTHANC__HTTP_PORT": "1"})

    assert settings["HttpPort"] == 8042
    assert settings.notes == ("ORTHANC__HTTP_PORT is set, but variables are settings only with --layered.",)


class TestUsersFile:
    def users(self, tmp_path: Path, content: Any, mode: int = 0o600) -> Path:
        path = write(tmp_path / "users.json", content)
        path.chmod(mode)
        return path

    def test_its_users_are_added(self, tmp_path: Path) -> None:
        self.users(tmp_path, {"RegisteredUsers": {"bob": "x"}})

        settings = load_text(tmp_path, '{"RegisteredUsers": {"a": "y"}, "Pacsberry": {"UsersFile": "users.json"}}')

        assert settings.users == {"a": "y", "bob": "x"}
        assert settings.notes == ()

    def test_it_is_enough_by_itself(self, tmp_path: Path) -> None:
        self.users(tmp_path, {"RegisteredUsers": {"bob": "x"}})

        settings = load_text(tmp_path, '{"Pacsberry": {"UsersFile": "users.json"}}')

        assert settings.users == {"bob": "x"}
        assert settings.origin("RegisteredUsers") == f"{tmp_path / 'users.json'}:1"

    def test_a_user_in_both_places_is_an_error(self, tmp_path: Path) -> None:
        self.users(tmp_path, {"RegisteredUsers": {"bob": "x"}})

        with pytest.raises(ConfigError, match=r"'bob' is set in .*site\.json:1 and again in .*users\.json:1"):
            load_text(tmp_path, '{"RegisteredUsers": {"bob": "y"}, "Pacsberry": {"UsersFile": "users.json"}}')

    def test_one_that_is_not_there_is_of_nobody_yet(self, tmp_path: Path) -> None:
        settings = load_text(tmp_path, '{"Pacsberry": {"UsersFile": "users.json"}}')

        assert settings.users == {}

    def test_its_roles_are_added(self, tmp_path: Path) -> None:
        self.users(tmp_path, {"RegisteredUsers": {"bob": "x"}, "Pacsberry": {"UserRoles": {"bob": "teacher"}}})

        settings = load_text(
            tmp_path,
            '{"RegisteredUsers": {"a": "y"}, "Pacsberry": {"UsersFile": "users.json", "UserRoles": {"a": "teacher"}}}',
        )

        assert settings["Pacsberry.UserRoles"] == {"bob": "teacher", "a": "teacher"}

    def test_it_may_hold_nothing_else(self, tmp_path: Path) -> None:
        for more in ({"HttpPort": 1}, {"Pacsberry": {"KeepFreeMB": 1}}):
            self.users(tmp_path, {"RegisteredUsers": {}, **more})

            with pytest.raises(ConfigError, match="RegisteredUsers and nothing else"):
                load_text(tmp_path, '{"Pacsberry": {"UsersFile": "users.json"}}')

    def test_it_should_be_closed_to_others(self, tmp_path: Path) -> None:
        self.users(tmp_path, {"RegisteredUsers": {"bob": "x"}}, mode=0o644)

        assert "chmod 600" in load_text(tmp_path, '{"Pacsberry": {"UsersFile": "users.json"}}').notes[0]


class TestLayers:
    def load(self, tmp_path: Path, *paths: Path, environ: dict[str, str] | None = None) -> Settings:
        return load_paths(tmp_path, *paths, environ=environ, layered=True, secrets=tmp_path / "secrets")

    def test_later_files_lie_over_earlier_ones_member_by_member(self, tmp_path: Path) -> None:
        write(tmp_path / "etc" / "a.json", {"HttpPort": 1, "DicomModalities": {"a": ["A", "a", 1], "b": ["B", "b", 1]}})
        write(
            tmp_path / "etc" / "b.json", {"HttpPort": 2, "DicomModalities": {"b": ["B2", "b", 1], "c": ["C", "c", 1]}}
        )

        settings = self.load(tmp_path, tmp_path / "etc")

        assert settings["HttpPort"] == 2
        assert settings.origin("HttpPort") == f"{tmp_path}/etc/b.json:1"
        assert {name: node.aet for name, node in settings.modalities.items()} == {"a": "A", "b": "B2", "c": "C"}
        assert settings.notes == (
            f"HttpPort: {tmp_path}/etc/b.json:1 replaces the value of {tmp_path}/etc/a.json:1.",
            f"DicomModalities.b: {tmp_path}/etc/b.json:1 replaces the value of {tmp_path}/etc/a.json:1.",
        )

    def test_the_same_value_twice_is_not_worth_a_line(self, tmp_path: Path) -> None:
        write(tmp_path / "etc" / "a.json", {"HttpPort": 1})
        write(tmp_path / "etc" / "b.json", {"HttpPort": 1})

        assert self.load(tmp_path, tmp_path / "etc").notes == ()

    def test_the_order_is_files_secrets_document_variables_secret_files(self, tmp_path: Path) -> None:
        names = ["HttpPort", "DicomPort", "StableAge", "LimitFindResults", "LimitFindInstances", "KeepAliveTimeout"]
        write(tmp_path / "etc" / "a.json", dict.fromkeys(names, 1))
        write(tmp_path / "secrets" / "orthanc.json", dict.fromkeys(names[1:], 2))
        environ = {"ORTHANC_JSON": json.dumps(dict.fromkeys(names[2:], 3)), "ORTHANC__LIMIT_FIND_RESULTS": "4"}
        environ |= {"ORTHANC__LIMIT_FIND_INSTANCES": "4", "ORTHANC__KEEP_ALIVE_TIMEOUT": "4"}
        write(tmp_path / "secrets" / "ORTHANC__LIMIT_FIND_INSTANCES", "5\n")
        write(tmp_path / "secrets" / "ORTHANC__KEEP_ALIVE_TIMEOUT", "5\n")
        environ |= {"ORTHANC__KEEP_ALIVE_TIMEOUT_SECRET": str(write(tmp_path / "elsewhere", "6"))}

        settings = self.load(tmp_path, tmp_path / "etc", environ=environ)

        assert [settings[name] for name in names] == [1, 2, 3, 4, 5, 6]
        assert settings.origin("StableAge") == "ORTHANC_JSON"
        assert settings.origin("LimitFindResults") == "ORTHANC__LIMIT_FIND_RESULTS"

    def test_a_secret_file_is_found_by_its_name_in_the_folder(self, tmp_path: Path) -> None:
        write(tmp_path / "secrets" / "users", '{"alice": "x"}\n')

        settings = self.load(tmp_path, environ={"ORTHANC__REGISTERED_USERS_SECRET": "users"})

        assert settings.users == {"alice": "x"}

    def test_a_missing_secret_stops_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="users: No such file"):
            self.load(tmp_path, environ={"ORTHANC__REGISTERED_USERS_SECRET": "users"})

    def test_a_secret_has_a_limit(self, tmp_path: Path) -> None:
        write(tmp_path / "secrets" / "ORTHANC__NAME", "x" * (65 << 10))

        with pytest.raises(ConfigError, match="larger than 64 KB"):
            self.load(tmp_path)

    def test_the_whole_document_has_to_be_an_object(self, tmp_path: Path) -> None:
        for text in ("[]", "{", ""):
            with pytest.raises(ConfigError, match="ORTHANC_JSON"):
                self.load(tmp_path, environ={"ORTHANC_JSON": text})

    def test_containers_have_defaults_of_their_own(self, tmp_path: Path) -> None:
        settings = self.load(tmp_path)

        assert settings.flag("RemoteAccessAllowed") is settings.flag("AuthenticationEnabled") is True
        assert settings.path("StorageDirectory") == Path("/var/lib/orthanc/db") == settings.path("IndexDirectory")
        assert settings.origin("StorageDirectory") == "default of containers"
        assert not settings.is_set("StorageDirectory")

    def test_without_files_the_folder_of_the_image_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(loading_module, "CONTAINER_FOLDER", tmp_path / "image")
        write(tmp_path / "image" / "orthanc.json", {"HttpPort": 5})

        assert self.load(tmp_path)["HttpPort"] == 5
        assert self.load(tmp_path, write(tmp_path / "a.json", {}))["HttpPort"] == 8042

    def test_variables_of_plugins_and_scripts_are_said_to_be_ignored(self, tmp_path: Path) -> None:
        environ = {"DICOM_WEB_PLUGIN_ENABLED": "true", "BEFORE_ORTHANC_STARTUP_SCRIPT": "/x.sh"}

        notes = self.load(tmp_path, environ=environ).notes

        assert [note.split()[0] for note in notes] == ["BEFORE_ORTHANC_STARTUP_SCRIPT", "DICOM_WEB_PLUGIN_ENABLED"]


def test_passwords_are_hidden_where_settings_are_shown(tmp_path: Path) -> None:
    text = '{"RegisteredUsers": {"a": "hunter2"}, "HttpProxy": "u:hunter2@p:1", "Pkcs11": {"Pin": "hunter2"}}'

    settings = load_text(tmp_path, text)

    assert settings.shown("RegisteredUsers") == {"a": "***"}
    assert settings.shown("HttpProxy") == "***"
    assert settings.shown("OrthancPeers") == {}
    assert "hunter2" not in repr(settings) + str([settings.shown(name) for name in settings])


def test_typed_look_ups_refuse_another_type(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "{}")

    assert (settings.flag("ReadOnly"), settings.number("HttpPort"), settings.text("DicomAet")) == (
        False,
        8042,
        "ORTHANC",
    )
    assert settings.texts("HttpBindAddresses") == ()
    for look_up, name in ((settings.number, "ReadOnly"), (settings.flag, "HttpPort"), (settings.path, "DicomAet")):
        with pytest.raises(TypeError, match=name):
            look_up(name)
    with pytest.raises(KeyError):
        settings["Nonsense"]


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "{}")

    with pytest.raises(AttributeError):
        settings.notes = ("x",)  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings["DicomModalities"]["x"] = 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)

    with pytest.raises(ConfigError, match="cannot be listed"):
        load_paths(tmp_path, tmp_path / "closed")
