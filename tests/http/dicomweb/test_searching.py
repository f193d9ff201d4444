"""QIDO-RS: what is found, what is answered of it, pages, forms, warnings, hostile input."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacsberry.archive import StorageAccess
from pacsberry.archive.queries import FindLimits
from pacsberry.http.settings import DicomWebSettings, HttpSettings
from tests.http.dicomweb.aids import JSON, XML, find, names, parts_of, values
from tests.http.live import Live, live_server
from tests.makers import make_instance, make_study, uid_for

NAMESPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def fill(server: Live) -> dict[str, str]:
    """Of Anna two CT, of Bert a CT and an MR in one study, of Cleo a CT; the UIDs of the studies."""
    found = {}
    for name, series, date in (
        ("ANNA", {"CT": 2}, "20260105"),
        ("BERT", {"CT": 1, "MR": 1}, "20260207"),
        ("CLEO", {"CT": 1}, "20251231"),
    ):
        found[name] = uid_for("study of", name)
        tags = {"StudyDate": date, "StudyDescription": f"About {name}", "ManufacturerModelName": f"{name} 3000"}
        for data in make_study(
            patient_id=name, patient_name=f"{name}^Tëst", series=series, study_uid=found[name], tags=tags
        ):
            server.upload(data)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("qido"), storage_access=StorageAccess.ALWAYS) as running:
        yield running


@pytest.fixture(scope="module")
def uids(server: Live) -> Mapping[str, str]:
    return fill(server)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "ANNA BERT CLEO"),
        ("?PatientID=ANNA", "ANNA"),
        ("?00100020=ANNA", "ANNA"),
        ("?0010,0020=ANNA", "ANNA"),
        ("?PatientID=anna", ""),
        ("?PatientName=anna*", "ANNA"),
        ("?PatientName=?ERT^*", "BERT"),
        ("?PatientName=", "ANNA BERT CLEO"),
        ("?PatientID=%25", ""),
        ("?StudyDate=20260101-20261231", "ANNA BERT"),
        ("?StudyDate=-20260105", "ANNA CLEO"),
        ("?ModalitiesInStudy=MR", "BERT"),
        ("?ModalitiesInStudy=MR,US", "BERT"),
        ("?ModalitiesInStudy=MR%5CCT", "ANNA BERT CLEO"),
        ("?Modality=MR", "BERT"),
        ("?StudyDescription=About*", "ANNA BERT CLEO"),
        ("?ManufacturerModelName=ANNA*", "ANNA"),
        ("?PatientID=ANNA&PatientID=BERT", ""),
        ("?StudyInstanceUID={ANNA},{CLEO}", "ANNA CLEO"),
        ("?StudyInstanceUID={ANNA}%5C{CLEO}", "ANNA CLEO"),
    ],
)
def test_studies_are_found_by_what_they_have(server: Live, uids: Mapping[str, str], query: str, expected: str) -> None:
    assert names(server, "studies" + query.format(**uids)) == expected


def test_below_a_study_only_its_own_is_found(server: Live, uids: Mapping[str, str]) -> None:
    study = uids["BERT"]
    series = find(server, f"studies/{study}/series")
    modalities = {values(one, "00080060")[0]: values(one, "0020000E")[0] for one in series}

    assert sorted(modalities) == ["CT", "MR"]
    assert names(server, f"studies/{study}/instances") == "BERT BERT"
    assert names(server, f"studies/{study}/instances?Modality=MR") == "BERT"
    [instance] = find(server, f"studies/{study}/series/{modalities['MR']}/instances")
    assert values(instance, "0020000E") == [modalities["MR"]]
    assert find(server, f"studies/{uids['ANNA']}/series/{modalities['MR']}/instances") == []
    assert find(server, "studies/9.9.9/series") == []


def test_all_series_and_all_instances_are_found(server: Live, uids: Mapping[str, str]) -> None:
    assert names(server, "series") == "ANNA BERT BERT CLEO"
    assert names(server, "series?StudyDate=2026*") == ""  # '*' is an ordinary character in a date
    assert names(server, "instances?PatientID=ANNA") == "ANNA ANNA"
    assert len(find(server, "instances")) == 5


def test_a_study_is_told_as_the_standard_asks(server: Live, uids: Mapping[str, str]) -> None:
    [study] = find(server, "studies?PatientID=BERT")

    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "BERT^Tëst"}]}
    assert study["00080061"] == {"vr": "CS", "Value": ["CT", "MR"]}
    assert study["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert study["00080056"] == {"vr": "CS", "Value": ["ONLINE"]}
    assert study["00201206"] == study["00201208"] == {"vr": "IS", "Value": [2]}
    assert study["00081190"] == {"vr": "UR", "Value": [f"{server.url}/dicom-web/studies/{uids['BERT']}"]}
    required = "00080020 00080030 00080050 00080090 00100020 00100030 00100040 0020000D 00200010"
    assert set(required.split()) <= study.keys()
    assert list(study) == sorted(study)


def test_series_and_instances_are_told_as_the_standard_asks(server: Live, uids: Mapping[str, str]) -> None:
    [series] = find(server, "series?PatientID=ANNA")
    instance = find(server, "instances?PatientID=ANNA")[0]

    assert values(series, "00201209") == [2]
    assert values(series, "00080060") == ["CT"]
    assert values(instance, "00080016") == ["1.2.840.10008.5.1.4.1.1.2"]
    address = "/".join(
        [
            server.url,
            "dicom-web/studies",
            values(instance, "0020000D")[0],
            "series",
            values(instance, "0020000E")[0],
            "instances",
            values(instance, "00080018")[0],
        ]
    )
    assert values(instance, "00081190") == [address]


def test_further_attributes_come_when_asked_for(server: Live, uids: Mapping[str, str]) -> None:
    plain, asked, listed, every = (
        find(server, f"studies?PatientID=ANNA{more}")[0]
        for more in (
            "",
            "&includefield=StudyDescription&includefield=00081090",
            "&includefield=00081030,ManufacturerModelName,PixelData,RequestAttributesSequence",
            "&includefield=all",
        )
    )

    assert "00081030" not in plain
    assert values(asked, "00081030") == values(listed, "00081030") == values(every, "00081030") == ["About ANNA"]
    assert values(asked, "00081090") == values(listed, "00081090") == ["ANNA 3000"]
    assert not {"7FE00010", "00400275"} & listed.keys()
    assert every.keys() >= plain.keys()
    [instance] = find(server, "instances?PatientID=CLEO&includefield=BitsStored")
    assert instance["00280101"] == {"vr": "US", "Value": [12]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("PatientName=tset%20anna", "ANNA"),
        ("PatientName=*nn*", "ANNA"),
        ("PatientName=bret", "BERT"),
        ("PatientName=brt", ""),
        ("PatientName=TEST", "ANNA BERT CLEO"),
        ("PatientName=cleo&PatientID=CLEO", "CLEO"),
        ("PatientName=", "ANNA BERT CLEO"),
        ("PatientID=ANNE", ""),
    ],
)
def test_names_are_found_that_are_nearly_it_where_that_is_asked(
    server: Live, uids: Mapping[str, str], query: str, expected: str
) -> None:
    assert names(server, f"studies?fuzzymatching=true&{query}") == expected
    assert "warning" not in server.get(f"/dicom-web/studies?fuzzymatching=true&{query}").headers


def test_names_are_taken_literally_where_it_is_not(server: Live, uids: Mapping[str, str]) -> None:
    assert names(server, "studies?fuzzymatching=false&PatientName=bret^TEST") == ""


def test_what_a_search_filters_by_is_answered(server: Live, uids: Mapping[str, str]) -> None:
    [study] = find(server, "studies?StudyDescription=About%20CLEO")

    assert values(study, "00081030") == ["About CLEO"]


def test_no_file_is_opened_for_what_the_standard_requires(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        fill(server)
        for file in (tmp_path / "storage").rglob("*.dcm"):
            file.unlink()

        for level, count in (("studies", 3), ("series", 4), ("instances", 5)):
            assert len(find(server, f"{level}?includefield=all")) == count
        for instance in find(server, "instances"):
            assert [values(instance, tag) for tag in ("00280010", "00280011", "00280100")] == [[16], [16], [16]]


def test_the_size_of_pictures_is_told_and_can_be_searched_by(server: Live, uids: Mapping[str, str]) -> None:
    study = uid_for("a study of sizes")
    for number, kind in enumerate(("CT", "CT", "SR"), start=1):
        server.upload(make_instance(kind, study_uid=study, series=number, rows=16 * number, columns=48))

    found = find(server, f"studies/{study}/instances")

    sizes = [[values(one, tag) for tag in ("00280010", "00280011") if tag in one] for one in found]
    assert sizes == [[[16], [48]], [[32], [48]], []]
    assert len(find(server, f"studies/{study}/instances?Rows=32")) == 1
    assert len(find(server, f"studies/{study}/instances?Columns=48&BitsAllocated=16")) == 2
    assert find(server, f"studies/{study}/instances?Rows=33") == []
    server.delete(f"/studies/{server.post('/tools/lookup', study).json[0]['ID']}")


def test_filters_outside_the_index_are_ignored_where_files_may_not_be_read(tmp_path: Path) -> None:
    with live_server(tmp_path, storage_access=StorageAccess.NEVER) as server:
        fill(server)

        assert names(server, "studies?ManufacturerModelName=nothing&PatientID=ANNA") == "ANNA"
        warning = server.get("/dicom-web/studies?ManufacturerModelName=nothing").headers["warning"]
        assert warning.startswith("299 Pacsberry ")
        assert "ManufacturerModelName" in warning


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("Xyzzy=1", "Xyzzy"),
        ("RequestAttributesSequence.ScheduledProcedureStepID=1", "RequestAttributesSequence.ScheduledProcedureStepID"),
        ("00400275=1", "00400275"),
        ("includefield=Xyzzy", "Xyzzy"),
        ("a%0D%0AX-Evil:%201=1", "a??X-Evil"),
        ("limit=1", "additional results"),
        ("limit=1&offset=1", "additional results"),
        ("limit=1&ManufacturerModelName=*3000", "additional results"),
        ("limit=2000000000&offset=0&Xyzzy=1", "Xyzzy"),
    ],
)
def test_what_is_not_done_as_asked_is_told_in_a_warning(
    server: Live, uids: Mapping[str, str], query: str, word: str
) -> None:
    reply = server.get(f"/dicom-web/studies?{query}")

    assert reply.status == 200
    assert reply.headers["warning"].startswith('299 Pacsberry "')
    assert word in reply.headers["warning"]
    assert "x-evil" not in reply.headers


@pytest.mark.parametrize(
    "query", ["", "?limit=3", "?limit=0", "?limit=1&offset=2", "?offset=7&limit=5", "?_method=GET"]
)
def test_a_whole_answer_has_no_warning(server: Live, uids: Mapping[str, str], query: str) -> None:
    assert "warning" not in server.get(f"/dicom-web/studies{query}").headers


@pytest.mark.parametrize("more", ["", "&ManufacturerModelName=*3000"])
def test_pages_follow_one_another(server: Live, uids: Mapping[str, str], more: str) -> None:
    pages = [names(server, f"studies?limit=2&offset={offset}{more}").split() for offset in (0, 2, 4)]

    assert [len(page) for page in pages] == [2, 1, 0]
    assert sorted(pages[0] + pages[1]) == ["ANNA", "BERT", "CLEO"]


def test_the_limits_of_the_configuration_hold(tmp_path: Path) -> None:
    with live_server(tmp_path, find_limits=FindLimits(results=2, instances=3)) as server:
        fill(server)

        assert len(find(server, "studies")) == len(find(server, "series?limit=1000000000")) == 2
        assert len(find(server, "instances")) == 3
        assert "additional" in server.get("/dicom-web/studies").headers["warning"]


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
@pytest.mark.parametrize(
    "query", ["limit=1000000000", "offset=1000000000", "limit=999999999999999999&offset=999999999999999999"]
)
def test_numbers_without_measure_are_harmless(server: Live, uids: Mapping[str, str], level: str, query: str) -> None:
    assert server.get(f"/dicom-web/{level}?{query}").status == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "offset=1.5",
        "limit=9999999999999999999999",
        "&".join(f"a{number}=1" for number in range(300)),
        f"includefield={','.join(f'{number:08x}' for number in range(300))}",
    ],
)
def test_what_cannot_be_asked_is_a_bad_request(server: Live, uids: Mapping[str, str], query: str) -> None:
    assert server.get(f"/dicom-web/studies?{query}").status == 400


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        (JSON, JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        (f'{JSON};q=0.5, multipart/related; type="{XML}"', XML),
        (f"multipart/related;type={XML}", XML),
        (XML, XML),
        (f'multipart/related; type="{XML}"; x="a,b;c"', XML),
    ],
)
def test_the_form_is_what_the_client_accepts(server: Live, uids: Mapping[str, str], accept: str, form: str) -> None:
    reply = server.get("/dicom-web/studies", {"Accept": accept} if accept else {})

    assert reply.status == 200
    assert reply.headers["vary"] == "Accept"
    assert form in reply.headers["content-type"]


@pytest.mark.parametrize("accept", ["image/png", 'multipart/related; type="application/dicom"', f"{JSON};q=0", '"'])
def test_another_form_is_not_acceptable(server: Live, uids: Mapping[str, str], accept: str) -> None:
    assert server.get("/dicom-web/studies", {"Accept": accept}).status == 406


def test_the_form_can_be_asked_for_in_the_address(server: Live, uids: Mapping[str, str]) -> None:
    reply = server.get(f"/dicom-web/studies?accept={XML}", {"Accept": "*/*"})

    assert XML in reply.headers["content-type"]


def test_xml_has_a_document_for_each_result(server: Live, uids: Mapping[str, str]) -> None:
    parts = parts_of(server.get("/dicom-web/studies?PatientID=ANNA,BERT\\CLEO&limit=2", {"Accept": XML}))

    assert [headers for headers, _ in parts] == [{"content-type": XML}]
    root = ElementTree.fromstring(parts[0][1])  # noqa: S314  # our own answer
    name = root.find(f".//{NAMESPACE}DicomAttribute[@tag='00100010']//{NAMESPACE}FamilyName")
    assert name is not None
    assert name.text == "CLEO"
    assert parts_of(server.get("/dicom-web/studies?PatientID=nobody", {"Accept": XML})) == []


@pytest.mark.parametrize(
    ("settings", "root", "address"),
    [
        (DicomWebSettings(root="/pacs/web"), "/pacs/web", "{url}/dicom-web"),
        (DicomWebSettings(public_root="/out"), "/dicom-web", "{url}/out"),
        (DicomWebSettings(host="h:1", is_https_outside=True), "/dicom-web", "https://h:1/dicom-web"),
        (DicomWebSettings(host="h:1"), "/dicom-web", "http://h:1/dicom-web"),
    ],
)
def test_the_configuration_says_where_dicomweb_is(
    tmp_path: Path, settings: DicomWebSettings, root: str, address: str
) -> None:
    http = HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=settings)
    with live_server(tmp_path, settings=http) as server:
        server.upload(make_instance("CT", study_uid="1.2.3"))

        [study] = json.loads(server.get(f"{root}/studies").body)

        assert values(study, "00081190") == [address.format(url=server.url) + "/studies/1.2.3"]


def test_dicomweb_can_be_switched_off(tmp_path: Path) -> None:
    http = HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=DicomWebSettings(is_served=False))
    with live_server(tmp_path, settings=http) as server:
        assert server.get("/dicom-web/studies").status == 404


def test_upper_and_lower_case_can_be_the_same(tmp_path: Path) -> None:
    http = HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=DicomWebSettings(case_sensitive=False))
    with live_server(tmp_path, settings=http) as server:
        server.upload(make_instance("CT", patient_id="Anna"))

        assert names(server, "studies?PatientID=ANNA") == "Anna"


@pytest.mark.parametrize(
    "path", ["nothing", "studies/1/2", "studies/1/series/2/nothing", "patients", "studies//series"]
)
def test_other_paths_are_unknown(server: Live, path: str) -> None:
    assert server.get(f"/dicom-web/{path}").status == 404


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=80))
def test_no_query_string_breaks_a_search(server: Live, query: str) -> None:
    reply = server.get(f"/dicom-web/studies?{query}")

    assert reply.status in (200, 400)
