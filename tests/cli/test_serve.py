"""`pacsberry serve` as a process: it becomes the server, with the options, the log and the memory it should have."""

import json
import re
from pathlib import Path

import pytest

from pacsberry import __version__
from tests.cli.process import pacsberry


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.json"
    path.write_text('{"HttpPort": 5, "StorageDirectory": "data"}')
    return path


def test_the_server_gets_the_settings_of_the_files(tmp_path: Path, site: Path) -> None:
    ran = pacsberry(tmp_path, "serve", "site.json")

    assert ran.code == 0
    assert [told["http_port"] for told in ran.told] == [5]
    assert ran.told[0]["storage"] == str(tmp_path / "data")
    assert ran.told[0]["demo"] is False


def test_the_server_process_is_lean(tmp_path: Path) -> None:
    told = pacsberry(tmp_path, "serve", "--demo").told[0]

    assert told["demo"] is True
    assert told["modules"] == []
    assert told["malloc"]["MALLOC_ARENA_MAX"] == "2"
    assert {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} < set(told["malloc"])
    assert told["path"] != str(tmp_path), "a json.py in the working directory would be imported"


@pytest.mark.parametrize(
    ("text", "variable", "arenas"),
    [("{}", "", "2"), ("{}", "7", "7"), ('{"MallocArenaMax": 1}', "7", "1"), ('{"MallocArenaMax": 0}', "", "")],
)
def test_the_number_of_heaps_is_what_somebody_set(tmp_path: Path, text: str, variable: str, arenas: str) -> None:
    (tmp_path / "a.json").write_text(text)
    environ = {"MALLOC_ARENA_MAX": variable} if variable else {}

    told = pacsberry(tmp_path, "serve", "a.json", environ=environ).told[0]

    assert told["malloc"].get("MALLOC_ARENA_MAX", "") == arenas


def test_options_for_first_steps_win_over_files(tmp_path: Path, site: Path) -> None:
    ran = pacsberry(tmp_path, "serve", "--http-port", "0", "--data", "here", "--dicom-port=0", "site.json")

    assert (ran.told[0]["http_port"], ran.told[0]["storage"]) == (0, str(tmp_path / "here"))


def test_a_restart_reads_the_configuration_again(tmp_path: Path, site: Path) -> None:
    ran = pacsberry(tmp_path, "serve", "site.json", environ={"ASKED": "restart"})

    assert ran.code == 0
    assert len(ran.told) == 2
    assert ran.told[0]["pid"] == ran.told[1]["pid"]


def test_a_restart_with_a_configuration_that_is_broken_by_now_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"HttpPort": ${PORT:-5}}')

    ran = pacsberry(tmp_path, "serve", "a.json", environ={"ASKED": "broken restart"})

    assert (ran.code, len(ran.told)) == (3, 1)
    assert "a.json:1" in ran.err
    assert "Traceback" not in ran.err


def test_the_log_says_what_becomes_of_settings(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"LimitJobs": 3,\n"Xyzzy": 1}')

    lines = pacsberry(tmp_path, "serve", "a.json").err.splitlines()

    assert any("LimitJobs" in line and "comes with the jobs" in line for line in lines)
    assert any('Unknown setting "Xyzzy"' in line and "a.json:2" in line for line in lines)
    assert all(re.match(r"W\d{4} \d\d:\d\d:\d\d\.\d{6} +MAIN \w+\.py:\d+\] ", line) for line in lines)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((), "W"),
        (("--verbose",), "WI"),
        (("--trace",), "WIT"),
        (("--trace-http",), "WIT"),
        (("--trace-dicom",), "W"),
        (("--trace-http", "--verbose"), "WI"),
        (("--verbose", "--trace-http"), "WIT"),
        (("--trace", "--verbose-http"), "WI"),
        (("--verbose", "--trace-http", "--verbose"), "WI"),
    ],
)
def test_the_order_of_log_options_counts(tmp_path: Path, options: tuple[str, ...], shown: str) -> None:
    lines = pacsberry(tmp_path, "serve", *options).err.splitlines()

    assert "".join(line[0] for line in lines if "of the app" in line) == shown
    assert all("(http) " in line for line in lines)


def test_a_log_line_cannot_be_forged_by_what_it_reports(tmp_path: Path) -> None:
    lines = pacsberry(tmp_path, "serve").err.splitlines()

    assert len(lines) == 1
    assert lines[0].endswith("warning of the app\\nforged")


def test_thread_and_context_can_be_left_out(tmp_path: Path) -> None:
    err = pacsberry(tmp_path, "serve", "--logs-no-thread", "--logs-no-context").err

    assert re.fullmatch(r"W\d{4} \d\d:\d\d:\d\d\.\d{6} warning of the app\\nforged\n", err)


def test_the_log_goes_to_a_file_or_a_folder(tmp_path: Path) -> None:
    to_file = pacsberry(tmp_path, "serve", "--logfile=logs/a.log")
    to_folder = pacsberry(tmp_path, "serve", "--logdir=dir")

    assert to_file.err == to_folder.err == ""
    assert "warning of the app" in (tmp_path / "logs" / "a.log").read_text()
    assert "warning of the app" in (tmp_path / "dir" / "pacsberry.log").read_text()


def test_a_log_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ran = pacsberry(tmp_path, "serve", "--logdir=file/sub")

    assert ran.code == 3
    assert "The log cannot be written to file/sub/pacsberry.log" in ran.err


def test_a_wrong_setting_ends_with_code_3_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n"HttpPort": "x"}')

    ran = pacsberry(tmp_path, "serve", "a.json")

    assert ran.code == 3
    assert (
        ran.err == f'pacsberry: HttpPort ({tmp_path}/a.json:2): found "x", expected a whole number from 0 to 65535.\n'
    )
    assert ran.told == []


def test_open_to_the_network_without_users_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"RemoteAccessAllowed": true}')

    refused = pacsberry(tmp_path, "serve", "a.json")
    (tmp_path / "a.json").write_text('{"RemoteAccessAllowed": true, "RegisteredUsers": {}}')
    locked = pacsberry(tmp_path, "serve", "a.json")
    (tmp_path / "a.json").write_text('{"RemoteAccessAllowed": true, "AuthenticationEnabled": false}')
    opened = pacsberry(tmp_path, "serve", "a.json")

    assert (refused.code, locked.code, opened.code) == (3, 0, 0)
    assert "RegisteredUsers" in refused.err
    assert "Nobody can log in" in locked.err
    assert "everybody on the network" in opened.err


@pytest.mark.parametrize(
    ("asked", "code", "words"), [("port", 4, "Address already in use"), ("room", 5, "The card is full.")]
)
def test_a_failed_start_says_why_and_has_a_code(tmp_path: Path, asked: str, code: int, words: str) -> None:
    ran = pacsberry(tmp_path, "serve", "--logfile=a.log", environ={"ASKED": asked})

    assert ran.code == code
    assert words in ran.err
    assert words in (tmp_path / "a.log").read_text()


def test_layers_come_from_variables_and_secrets(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "orthanc.json").write_text('{"RegisteredUsers": {"alice": "x"}}')
    environ = {"ORTHANC__HTTP_PORT": "6", "ORTHANC__STORAGE_DIRECTORY": "data", "VERBOSE_ENABLED": "true"}

    ran = pacsberry(tmp_path, "serve", "--layered", "--secrets=secrets", environ=environ)
    same = pacsberry(tmp_path, "serve", "--secrets=secrets", environ=environ | {"PACSBERRY_LAYERED": "true"})

    for each in (ran, same):
        assert each.code == 0, each.err
        assert (each.told[0]["http_port"], each.told[0]["users"]) == (6, ["alice"])
        assert each.told[0]["storage"] == str(tmp_path / "data")
        assert "info of the app" in each.err


def test_variables_of_containers_choose_the_log_unless_options_do(tmp_path: Path) -> None:
    environ = {"PACSBERRY_LAYERED": "1", "ORTHANC__REGISTERED_USERS": "{}", "TRACE_ENABLED": "true", "LOGDIR": "logs"}

    by_variables = pacsberry(tmp_path, "serve", environ=environ)
    by_options = pacsberry(tmp_path, "serve", "--verbose", "--logfile=b.log", environ=environ)
    both = pacsberry(tmp_path, "serve", environ=environ | {"LOGFILE": "c.log"})
    odd = pacsberry(tmp_path, "serve", environ=environ | {"NO_JOBS": "maybe"})

    assert by_variables.code == by_options.code == 0
    assert "trace of the app" in (tmp_path / "logs" / "pacsberry.log").read_text()
    assert "trace of the app" not in (tmp_path / "b.log").read_text()
    assert (both.code, odd.code) == (3, 3)
    assert "NO_JOBS is 'maybe'" in odd.err


def test_variables_of_containers_mean_nothing_without_layers(tmp_path: Path) -> None:
    ran = pacsberry(tmp_path, "serve", environ={"TRACE_ENABLED": "true", "LOGDIR": "logs"})

    assert "trace of the app" not in ran.err
    assert not (tmp_path / "logs").exists()


def test_accepted_options_say_what_becomes_of_them(tmp_path: Path) -> None:
    err = pacsberry(tmp_path, "serve", "--upgrade", "--no-jobs").err

    assert "--upgrade is accepted" in err
    assert "--no-jobs is accepted" in err


def test_accounts_written_by_the_command_are_used(tmp_path: Path) -> None:
    added = pacsberry(tmp_path, "user", "add", "alice", "--password-stdin", stdin="hunter2\n")
    ran = pacsberry(tmp_path, "serve", "users.json")

    assert added.code == 0
    assert ran.told[0]["users"] == ["alice"]
    assert "hunter2" not in (tmp_path / "users.json").read_text() + added.out + added.err + ran.err


def test_the_defaults_can_be_written_and_served(tmp_path: Path) -> None:
    written = pacsberry(tmp_path, "serve", "--config=all.json")
    ran = pacsberry(tmp_path, "serve", "all.json")

    assert (written.code, written.told) == (0, [])
    assert (ran.code, len(ran.err.splitlines())) == (0, 1)


def test_the_version_is_told(tmp_path: Path) -> None:
    assert __version__ in pacsberry(tmp_path, "--version").out
    assert __version__ in pacsberry(tmp_path, "serve", "--version").out


def test_temporary_files_go_where_they_should(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "a.json").write_text('{"TemporaryDirectory": "tmp"}')
    (tmp_path / "b.json").write_text('{"TemporaryDirectory": "nowhere"}')

    right, wrong = pacsberry(tmp_path, "serve", "a.json"), pacsberry(tmp_path, "serve", "b.json")

    assert right.told[0]["temporary"] == str(tmp_path / "tmp")
    assert wrong.code == 3
    assert f"{tmp_path}/nowhere is no folder that can be written to" in wrong.err


def test_options_survive_the_replacement_of_the_process() -> None:
    from pacsberry.cli.logs import LogOptions
    from pacsberry.cli.options import ServeOptions

    options = ServeOptions(
        ("ä b", '"'),
        True,
        "/s",
        {"HttpPort": ("--http-port", 1)},
        LogOptions(("trace:http",), "f", "", False, False),
        True,
    )

    assert ServeOptions.from_json(options.to_json()) == options
    assert json.loads(options.to_json())
