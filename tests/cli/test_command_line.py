"""The command line itself: help, examples, speed, errors."""

import json
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pacsberry.cli.exits import MEANINGS, Exit, exit_code
from pacsberry.cli.main import pacsberry as command
from pacsberry.config.table import TABLE
from pacsberry.errors import ConfigError, IndexTooNew, NoRoom, NotAllowed
from tests.cli.process import environment, pacsberry

NAMES = command.list_commands(click.Context(command))
ALL = [(), *((name,) for name in NAMES), *(("user", name) for name in ("add", "set-password", "remove", "list"))]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(command, [*path, "--help"])

    assert result.exit_code == 0
    assert "Example" in result.output
    assert " ".join(["  pacsberry", *path]) in result.output


def test_the_list_of_commands_matches_the_commands() -> None:
    context = click.Context(command)

    assert {"serve", "check", "demo"} <= set(NAMES)
    for name in NAMES:
        found = command.get_command(context, name)
        assert found is not None
        assert found.name == name


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    for arguments in (["nonsense"], ["serve", "--nonsense"], ["serve", "--http-port=99999"], ["config", "--x"]):
        assert CliRunner().invoke(command, arguments).exit_code == Exit.USAGE


def test_two_places_for_the_log_are_a_usage_error() -> None:
    assert CliRunner().invoke(command, ["serve", "--logfile=a", "--logdir=b"]).exit_code == Exit.USAGE


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "pacsberry", "config"],
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if program.stdout is None or program.stderr is None:
        raise AssertionError("there are no pipes")
    program.stdout.close()

    with program.stderr as errors:
        assert errors.read() == b""
    program.wait(20)


def test_help_is_there_at_once(tmp_path: Path) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        assert pacsberry(tmp_path, "--help").code == 0
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.3


def test_help_imports_nothing_of_the_server(tmp_path: Path) -> None:
    code = "import sys; from click.testing import CliRunner; from pacsberry.cli.main import pacsberry as p\n"
    code += (
        "CliRunner().invoke(p, ['--help']); print([m for m in sys.modules if m.startswith(('pacsberry', 'pydicom'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == str(
        ["pacsberry", "pacsberry.cli", "pacsberry.errors", "pacsberry.cli.exits", "pacsberry.cli.main"]
    )


def test_exit_codes_are_documented_everywhere() -> None:
    help_text = CliRunner().invoke(command, ["serve", "--help"]).output
    listed = CliRunner().invoke(command, ["serve", "--errors"]).output
    document = (Path(__file__).parents[2] / "server" / "CONFIGURATION.md").read_text()

    assert set(MEANINGS) == set(Exit)
    for code, meaning in MEANINGS.items():
        assert f"{int(code)}" in help_text
        assert meaning in listed
        assert f"| {int(code)} | {meaning} |" in document


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), Exit.CONFIGURATION),
        (IndexTooNew("x"), Exit.INDEX_TOO_NEW),
        (NoRoom("x"), Exit.NO_ROOM),
        (NotAllowed("x"), Exit.FAILED),
        (OSError(98, "in use"), Exit.NOT_LISTENING),
        (PermissionError(13, "denied"), Exit.NOT_LISTENING),
        (PermissionError(13, "denied", "/file"), Exit.FAILED),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (ValueError("x"), Exit.FAILED),
    ],
)
def test_each_error_has_its_exit_code(error: BaseException, code: Exit) -> None:
    assert exit_code(error) == code


def test_a_port_in_use_keeps_its_code_when_a_door_says_it_in_its_own_words() -> None:
    error = ConfigError("HttpPort: port 80 cannot be listened on.")
    error.__cause__ = OSError(98, "in use")

    assert exit_code(error) == Exit.NOT_LISTENING


class TestConfig:
    def run(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(command, ["config", *arguments])
        return result.exit_code, result.stdout

    def test_it_shows_every_setting_with_its_origin(self, tmp_path: Path) -> None:
        site = tmp_path / "a.json"
        site.write_text('{\n"HttpPort": 5}')

        code, out = self.run(str(site))

        lines = {line.split(" = ")[0]: line for line in out.splitlines()}
        assert code == 0
        assert set(lines) == {name for name, setting in TABLE.items() if not setting.alias_of}
        assert lines["HttpPort"].startswith("HttpPort = 5 ")
        assert lines["HttpPort"].endswith(f"# {site}:2")
        assert lines["DicomPort"].endswith("# default")

    def test_it_can_show_only_what_is_set_as_json(self, tmp_path: Path) -> None:
        site = tmp_path / "a.json"
        site.write_text('{"HttpPort": 5, "RegisteredUsers": {"a": "hunter2"}}')

        _, out = self.run("--json", "--set", str(site))

        assert json.loads(out) == {
            "HttpPort": {"value": 5, "origin": f"{site}:1"},
            "RegisteredUsers": {"value": {"a": "***"}, "origin": f"{site}:1"},
        }

    def test_notes_go_to_standard_error(self, tmp_path: Path) -> None:
        site = tmp_path / "a.json"
        site.write_text('{"Xyzzy": 5}')

        result = CliRunner().invoke(command, ["config", "--set", str(site)])

        assert "Xyzzy" in result.stderr
        assert "Xyzzy" not in result.stdout

    def test_a_configuration_that_cannot_be_used_ends_with_code_3(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(command, ["config", str(tmp_path / "nothing.json")])

        assert result.exit_code == Exit.CONFIGURATION
        assert result.stderr.startswith("pacsberry: ")

    def test_it_makes_the_tables_of_the_document(self) -> None:
        document = (Path(__file__).parents[2] / "server" / "CONFIGURATION.md").read_text()

        assert document.endswith(self.run("--markdown")[1])


class TestWritingDefaults:
    def test_to_a_new_file(self, tmp_path: Path) -> None:
        path = tmp_path / "new.json"

        assert CliRunner().invoke(command, ["serve", f"--config={path}"]).exit_code == 0
        assert '"HttpPort": 8042,' in path.read_text()

    def test_never_over_another(self, tmp_path: Path) -> None:
        path = tmp_path / "old.json"
        path.write_text("mine")

        assert CliRunner().invoke(command, ["serve", f"--config={path}"]).exit_code == Exit.USAGE
        assert path.read_text() == "mine"

    def test_to_the_terminal(self) -> None:
        assert '"HttpPort": 8042,' in CliRunner().invoke(command, ["serve", "--config=-"]).output


def test_what_the_system_says_is_told_without_its_number(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["import", str(tmp_path / "nothing"), "--data", str(tmp_path / "storage")])

    assert result.exit_code == Exit.FAILED
    assert result.output == f"pacsberry: {tmp_path}/nothing: No such file or directory.\n"


def test_ctrl_c_has_its_own_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pacsberry.archive.looking.open_reading", interrupted)

    result = CliRunner().invoke(command, ["pack", "--data", str(tmp_path)])

    assert (result.exit_code, result.output) == (Exit.INTERRUPTED, "pacsberry: interrupted.\n")
