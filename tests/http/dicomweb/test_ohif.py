"""The requests of OHIF, in the order in which it was seen to send them, with its headers; each follows from an answer.

A visit to the list and to a study, thumbnails from frames, and a report that is saved into the study.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pydicom
import pytest

from tests.http.dicomweb.aids import JSON, parts_of, values
from tests.http.live import Live, live_server
from tests.makers import EXPLICIT, make_instance, make_study
from tests.makers.images import make_image

FRAME: Final = "multipart/related; type=application/octet-stream; transfer-syntax=*"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
LIST_FIELDS: Final = "00081030,00080060,00080090,00100030"
SERIES_FIELDS: Final = "00080021,00080031,0008103E,00200011"
STUDY: Final = make_study(patient_id="ANNA", patient_name="Käse^Anna", series={"CT": 3, "MR": 2})
OTHER: Final = make_study(patient_id="BERT", study=2, series={"CT": 1})
COMPRESSED: Final = make_image(np.arange(24 * 20, dtype="i2").reshape(24, 20), transfer_syntax=JPEG_LS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("ohif")) as running:
        for data in (*STUDY, *OTHER, COMPRESSED):
            running.upload(data)
        yield running


def asked(server: Live, path: str) -> list[dict[str, Any]]:
    """An answer to the JavaScript library dicomweb-client, which asks for JSON so."""
    reply = server.get(f"/dicom-web/{path}", {"Accept": JSON})
    assert (reply.status, reply.headers["content-type"]) == (200, JSON), reply.text
    found: list[dict[str, Any]] = json.loads(reply.body)
    return found


def test_the_list_of_studies(server: Live) -> None:
    listed = asked(server, f"studies?limit=101&offset=0&fuzzymatching=false&includefield={LIST_FIELDS}")

    assert len(listed) == 3
    for study in listed:  # what a line of the list shows
        for tag in ("0020000D", "00100010", "00100020", "00080020", "00080061", "00201206", "00201208"):
            assert values(study, tag)
    filtered = asked(
        server,
        f"studies?limit=101&offset=0&fuzzymatching=true&includefield={LIST_FIELDS}"
        f"&PatientName={quote('*Käse*')}&ModalitiesInStudy=MR",
    )
    assert [values(study, "00100020") for study in filtered] == [["ANNA"]]


def test_a_visit_to_a_study(server: Live) -> None:
    [study_uid] = values(asked(server, "studies?00100020=ANNA")[0], "0020000D")

    [study] = asked(
        server,
        f"studies?limit=101&offset=0&fuzzymatching=false&includefield={LIST_FIELDS}&StudyInstanceUID={study_uid}",
    )
    [patient_id] = values(study, "00100020")
    assert asked(server, f"studies?00100020={patient_id}&limit=101&offset=0&includefield={LIST_FIELDS}") == [study]
    series = asked(server, f"studies/{study_uid}/series?includefield={SERIES_FIELDS}")
    assert sorted(values(one, "00080060")[0] for one in series) == ["CT", "MR"]
    shown = set()
    for one in series:
        [series_uid] = values(one, "0020000E")
        for instance in asked(server, f"studies/{study_uid}/series/{series_uid}/metadata"):
            assert values(instance, "00083002") == [EXPLICIT]
            [uid] = values(instance, "00080018")
            path = f"/dicom-web/studies/{study_uid}/series/{series_uid}/instances/{uid}/frames/1"
            [(headers, content)] = parts_of(server.get(path, {"Accept": FRAME}))
            assert headers["content-type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"
            assert len(content) == values(instance, "00280010")[0] * values(instance, "00280011")[0] * 2
            shown.add(content)
    assert shown == {pydicom.dcmread(BytesIO(data)).PixelData for data in STUDY}


def test_a_compressed_frame_says_how(server: Live) -> None:
    ds = pydicom.dcmread(BytesIO(COMPRESSED))
    path = f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"

    [instance] = asked(server, f"{path}/metadata")
    [(headers, content)] = parts_of(
        server.get(f"/dicom-web/{path}/instances/{ds.SOPInstanceUID}/frames/1", {"Accept": FRAME})
    )

    assert values(instance, "00083002") == [JPEG_LS]
    assert headers["content-type"].endswith(f"; transfer-syntax={JPEG_LS}")
    assert content.startswith(b"\xff\xd8")


def test_a_report_is_saved_into_the_study(server: Live) -> None:
    report = make_instance(
        "SR", patient_id="ANNA", series=77, study_uid=pydicom.dcmread(BytesIO(STUDY[0])).StudyInstanceUID
    )
    boundary = "9f2c1a3e-2f5e-4d1c-8f55-5b8a5ae8b0d1"
    body = f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body += report + f"\r\n--{boundary}--".encode()  # dicomweb-client.js begins and ends a body like that

    reply = server.post(
        "/dicom-web/studies",
        body,
        {"Content-Type": f'multipart/related; type="application/dicom"; boundary="{boundary}"'},
    )

    assert reply.status == 200
    ds = pydicom.dcmread(BytesIO(report))
    [found] = asked(server, f"studies/{ds.StudyInstanceUID}/series?Modality=SR")
    assert values(found, "0020000E") == [ds.SeriesInstanceUID]
