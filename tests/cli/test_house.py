"""Commands work on the storage through the running server, or open it themselves."""

import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pacsberry.cli import house as house_module
from pacsberry.cli.house import house
from pacsberry.config import Settings, load
from pacsberry.errors import ConfigError, NotAllowed, PeerFailed, StorageBusy
from tests.flows.house import NOWHERE, environment, in_process, write_config
from tests.makers import make_instance

IS_ROOT = os.geteuid() == 0


def settings_of(folder: Path) -> Settings:
    return load([folder / "site.json"], folder=folder, environ={}, secrets=NOWHERE)


def test_a_running_server_is_asked(tmp_path: Path) -> None:
    with in_process(tmp_path) as running, house(settings_of(tmp_path)) as client:
        assert client.request("POST", "/instances", make_instance("CT")).status == 200

        assert running.counts() == (1, 1, 1, 1)


def test_without_a_server_the_storage_is_opened_here_and_closed_again(tmp_path: Path) -> None:
    write_config(tmp_path, {"Pacsberry": {"ControlSocket": False}, "AuthenticationEnabled": True})

    with house(settings_of(tmp_path)) as client:
        assert client.request("POST", "/instances", make_instance("CT")).status == 200
        names = {thread.name for thread in threading.enumerate()}
        assert not {name for name in names if name.startswith("dicom")}

    with in_process(tmp_path) as running:
        assert running.counts() == (1, 1, 1, 1)


def test_opened_here_it_listens_nowhere_on_the_network(tmp_path: Path) -> None:
    write_config(tmp_path, {"RemoteAccessAllowed": True, "AuthenticationEnabled": False})
    before = _listening()

    with house(settings_of(tmp_path)):
        assert _listening() == before


def test_what_a_killed_server_has_left_is_no_obstacle(tmp_path: Path) -> None:
    import socket

    write_config(tmp_path, {})
    (tmp_path / "storage").mkdir()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "storage" / "pacsberry.sock"))

    with house(settings_of(tmp_path)) as client:
        assert client.request("GET", "/system").status == 200


def test_a_storage_in_use_without_a_socket_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_module, "_STARTING_SECONDS", 0.3)
    with (
        in_process(tmp_path, {"Pacsberry": {"ControlSocket": False}}),
        pytest.raises(StorageBusy, match="systemctl stop"),
        house(settings_of(tmp_path)),
    ):
        pass


def test_a_server_that_is_just_starting_is_waited_for(tmp_path: Path) -> None:
    write_config(tmp_path, {})
    from pacsberry.archive.filestore import FileStore

    files = FileStore(tmp_path / "storage", sync_files=False, with_md5=False, reserve_bytes=0)
    files.start()
    timer = threading.Timer(0.5, files.stop)
    timer.start()
    try:
        with house(settings_of(tmp_path)) as client:
            assert client.request("GET", "/system").status == 200
    finally:
        timer.join()


def test_no_storage_is_made_by_mistake(tmp_path: Path) -> None:
    settings = load([], folder=tmp_path, environ={}, secrets=NOWHERE)

    with pytest.raises(ConfigError, match="--data"), house(settings):
        pass

    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder away")
def test_root_leaves_no_files_in_a_storage_of_somebody_else(tmp_path: Path) -> None:
    write_config(tmp_path, {})
    (tmp_path / "storage").mkdir()
    os.chown(tmp_path / "storage", 65534, 65534)

    with pytest.raises(NotAllowed, match="sudo -u nobody"), house(settings_of(tmp_path)):
        pass

    assert not list((tmp_path / "storage").iterdir())


def test_an_error_of_the_command_leaves_a_clean_stop_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_config(tmp_path, {})

    def work() -> None:
        with house(settings_of(tmp_path)) as client:
            client.request("POST", "/instances", make_instance("CT"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()

    with in_process(tmp_path) as running:
        assert running.counts() == (1, 1, 1, 1)
    assert "unclean" not in caplog.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_storage_as_it_should_be(tmp_path: Path, number: signal.Signals) -> None:
    write_config(tmp_path, {})
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from pacsberry.config import load\n"
        "from pacsberry.cli.house import house\n"
        "settings = load([Path('site.json')], folder=Path.cwd(), environ={}, secrets=Path('/nonexistent'))\n"
        "with house(settings) as client:\n"
        "    print(client.request('GET', '/system').status, flush=True)\n"
        "    time.sleep(30)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "200\n", process.communicate(timeout=20)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)

    assert "Index" not in errors
    assert not list((tmp_path / "storage").glob("*.sqlite3-wal"))  # it was closed, and by itself


def test_a_server_that_goes_away_is_a_sentence(tmp_path: Path) -> None:
    with in_process(tmp_path) as running:
        context = house(settings_of(tmp_path))
        client = context.__enter__()
        assert client.request("GET", "/system").status == 200
        del running

    with pytest.raises(PeerFailed, match="The server: "):
        client.request("POST", "/instances", io.BytesIO(b"x" * 10_000_000))
    context.__exit__(None, None, None)


def _listening() -> set[str]:
    """What this process listens on, of TCP."""
    own = {str(entry.readlink()) for entry in _links(Path("/proc/self/fd"))}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                found.add(fields[1])
    return found


def _links(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.is_symlink()]
