"""Many clients of both doors at the same time: nothing is lost, nothing doubled, nobody waits for ever."""

import concurrent.futures
import threading
from pathlib import Path

from tests.flows.association import find
from tests.flows.house import House, data_set_of
from tests.flows.programs import HERE, run, write_files
from tests.makers import make_study


def test_senders_uploaders_and_readers_at_once_lose_nothing(house: House, tmp_path: Path) -> None:
    by_dicom = [make_study(patient_id=f"DICOM-{number}", series={"CT": 15, "MR": 5}) for number in range(4)]
    by_http = [make_study(patient_id=f"HTTP-{number}", series={"CT": 20}) for number in range(2)]
    for number, study in enumerate(by_dicom):
        write_files(tmp_path / str(number), study)
    is_over = threading.Event()

    def read() -> int:
        rounds = 0
        while not is_over.is_set() or not rounds:
            for id in house.get("/instances")[:10]:
                assert house.file(id)
            patients, studies, series, instances = house.counts()
            assert patients <= studies <= series <= instances
            assert len(find(house.dicom_port, "PATIENT", PatientID="")) >= patients
            rounds += 1
        return rounds

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        writers = [
            pool.submit(run, "storescu", "+sd", HERE, house.dicom_port, tmp_path / str(number)) for number in range(4)
        ]
        uploads = [pool.submit(house.upload_all, study) for study in by_http]
        try:
            concurrent.futures.wait(writers, 60)
            concurrent.futures.wait(uploads, 60)
        finally:
            is_over.set()
        errors = [done.exception(60) for done in writers]
        errors += [done.exception(60) for done in uploads]
        errors += [done.exception(60) for done in readers]

    assert errors == [None] * 8
    assert house.counts() == (6, 6, 10, 120)
    answers = find(house.dicom_port, "STUDY", PatientID="", NumberOfStudyRelatedInstances="")
    assert [answer.NumberOfStudyRelatedInstances for answer in answers] == [20] * 6
    expected = {data_set_of(content) for study in (*by_dicom, *by_http) for content in study}
    assert {data_set_of(house.file(id)) for id in house.get("/instances")} == expected
    assert len(house.kept_files()) == 120
    assert house.spooled() == []


def test_the_same_study_sent_by_everybody_at_once_is_kept_once(house: House, tmp_path: Path) -> None:
    study = make_study(series={"CT": 12})
    write_files(tmp_path / "study", study)

    def upload() -> set[str]:
        return {house.ask("POST", "/instances", content).json["Status"] for content in study}

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        senders = [pool.submit(run, "storescu", "+sd", HERE, house.dicom_port, tmp_path / "study") for _ in range(3)]
        uploads = [pool.submit(upload) for _ in range(3)]
        for done in senders:
            done.result(60)
        statuses = set().union(*(done.result(60) for done in uploads))

    assert statuses <= {"Success", "AlreadyStored"}
    assert house.counts() == (1, 1, 1, 12)
    assert len(house.kept_files()) == 12
    assert house.spooled() == []


def test_deleting_while_others_read_and_send_leaves_whole_resources(house: House) -> None:
    studies = [make_study(patient_id="BUSY", study=number, series={"CT": 5}) for number in range(8)]

    def send_and_delete(contents: list[bytes]) -> None:
        for _ in range(3):
            house.upload_all(contents[1:])
            told = house.upload(contents[0])
            assert house.ask("DELETE", f"/studies/{told['ParentStudy']}").status == 200

    def read() -> None:
        for _ in range(30):
            for study in house.get("/studies"):
                assert house.ask("GET", f"/studies/{study}/archive").status in (200, 404)
                assert house.ask("GET", f"/studies/{study}/instances-tags?simplify").status in (200, 404)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(send_and_delete, study) for study in studies]
        tasks += [pool.submit(read) for _ in range(2)]
        for task in tasks:
            task.result(60)

    assert house.counts() == (0, 0, 0, 0)
