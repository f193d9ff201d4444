"""What the server says of itself."""

from pathlib import Path

from pacsberry.http.settings import HttpSettings
from tests.http.live import Live, live_server
from tests.makers import make_instance


def test_system_names_a_release_whose_behavior_it_has(server: Live) -> None:
    told = server.get("/system").json

    assert (told["ApiVersion"], told["Version"]) == (29, "1.12.8")
    assert told["DatabaseVersion"] == 6
    assert told["HasLabels"] is True
    assert told["Capabilities"]["HasExtendedFind"] is True
    assert told["Capabilities"]["HasQueues"] is False
    assert told["StorageAreaPlugin"] is None
    assert told["IsHttpServerSecure"] is True
    assert told["PluginsEnabled"] is False


def test_system_shows_what_the_configuration_says(tmp_path: Path) -> None:
    system = {"Name": "Room 7", "DicomAet": "ROOM7", "DicomPort": 4242, "UserMetadata": {"lesson": 1030}}
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), read_only=True)

    with live_server(tmp_path, system=system, settings=settings) as server:
        told = server.get("/system").json

    assert {name: told[name] for name in system} == system
    assert told["ReadOnly"] is True


def test_statistics_count_what_is_kept(server: Live) -> None:
    data = make_instance("CT")
    server.upload(data)
    server.upload(make_instance("MR"))

    told = server.get("/statistics").json

    assert {name: told[name] for name in told if name.startswith("Count")} == {
        "CountPatients": 1,
        "CountStudies": 1,
        "CountSeries": 2,
        "CountInstances": 2,
    }
    assert int(told["TotalDiskSize"]) > len(data)
    assert told["TotalDiskSizeMB"] == 0
    assert told["TotalUncompressedSize"] == told["TotalDiskSize"]


def test_no_plugin_is_there_but_the_script_the_explorer_asks_for(server: Live) -> None:
    assert server.get("/plugins").json == ["explorer.js"]
    assert server.get("/plugins/explorer.js").headers["content-type"] == "application/javascript"
    missing = server.get("/plugins/dicom-web")
    assert (missing.status, missing.body) == (404, b"")
