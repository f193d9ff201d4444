"""What was kept is there after the next start; a restart by the REST API takes over changed settings."""

import json
from pathlib import Path

from tests.flows.association import find
from tests.flows.house import addresses, as_process
from tests.flows.programs import HERE, run, wait_until, write_files
from tests.makers import make_study


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    by_http, by_dicom = make_study(patient_id="A", series={"CT": 3}), make_study(patient_id="B", series={"MR": 2})
    write_files(tmp_path / "study", by_dicom)
    settings = {"UserMetadata": {"comment": 1030}}
    with as_process(tmp_path, settings) as house:
        house.upload_all(by_http)
        run("storescu", "+sd", HERE, house.dicom_port, tmp_path / "study")
        patient, _ = house.get("/patients")
        house.ask("PUT", f"/patients/{patient}/labels/exam")
        house.ask("PUT", f"/patients/{patient}/metadata/comment", b"good")
        house.ask("PUT", f"/patients/{patient}/protected", b"1")
        files = {id: house.file(id) for id in house.get("/instances")}
        last = house.get("/changes?last")["Last"]
        assert house.terminate() == 0

    with as_process(tmp_path, settings) as house:
        assert {id: house.file(id) for id in house.get("/instances")} == files
        assert len(files) == 5
        assert house.get(f"/patients/{patient}/labels") == ["exam"]
        assert house.ask("GET", f"/patients/{patient}/metadata/comment").body == b"good"
        assert house.ask("GET", f"/patients/{patient}/protected").body == b"1"
        assert house.get("/changes?last")["Last"] >= last
        assert len(find(house.dicom_port, "STUDY", PatientID="")) == 2


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        told = [house.upload(content) for content in make_study(series={"CT": 5})]
        house.ask("DELETE", told[0]["Path"])
        house.process.kill()
        house.process.wait()

    with as_process(tmp_path) as house:
        assert sorted(house.get("/instances")) == sorted(one["ID"] for one in told[1:])
        assert house.spooled() == []
        wait_until(lambda: len(house.kept_files()) == 4)


def test_changed_settings_count_after_a_reset(tmp_path: Path) -> None:
    with as_process(tmp_path, {"Name": "Before", "DicomAet": "OLD"}) as house:
        house.upload_all(make_study(series={"CT": 1}))
        settings = json.loads(house.config.read_text()) | {
            "Name": "After",
            "DicomAet": "NEW",
            "DicomCheckCalledAet": True,
        }
        house.config.write_text(json.dumps(settings))
        starts = len(house.log)

        assert house.ask("POST", "/tools/reset").status == 200
        wait_until(lambda: any("on port" in line for line in house.log[starts:]))
        house.http_port, house.dicom_port = addresses(house.log)

        system = house.get("/system")
        assert (system["Name"], system["DicomAet"]) == ("After", "NEW")
        assert house.counts() == (1, 1, 1, 1)
        run("echoscu", "-aec", "NEW", HERE, house.dicom_port)
        run("echoscu", "-aec", "OLD", HERE, house.dicom_port, fails=True)
        assert house.terminate() == 0


def test_settings_that_are_broken_by_now_end_the_server_with_a_word(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        house.config.write_text('{"HttpPort": "x"}')

        house.ask("POST", "/tools/reset")

        assert house.process.wait(20) == 3
        wait_until(lambda: any("HttpPort" in line for line in house.log))


def test_the_rest_api_can_end_the_server(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        assert house.ask("POST", "/tools/shutdown").status == 200

        assert house.process.wait(20) == 0
