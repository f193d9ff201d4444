"""What guests must not find out: by addresses, by headers, by what is told of what is shown."""

import gzip
import hashlib
import http.client
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from pacsberry.http.api import routes_of
from pacsberry.http.routing import Route
from pacsberry.http.settings import HttpSettings
from tests.flows.house import House
from tests.flows.people_aids import basic, upload
from tests.makers.instances import make_dataset, part10

CANARIES = (b"CANARY", b"19010203")
# What needs no account, and what students may ask of studies that are shown to them: nothing else answers.
OPEN = {"/", "/favicon.ico", "/app/<path:path>", "/pacsberry/session", "/pacsberry/set-up"}
LISTS = {"/pacsberry/studies", "/pacsberry/modalities"}
OF_SHOWN = {
    "/instances/<id>/<name:re",
    "/instances/<id>/frames/<frame:int>/<name:re",
    "/pacsberry/instances/<id>/frames/<frame:int>",
    "/pacsberry/instances/<id>/tags",
    "/pacsberry/instances/<id>/video",
    "/pacsberry/pictures/<path:path>",
    "/pacsberry/series/<id>/pictures",
    "/pacsberry/series/<id>/thumbnail",
    "/pacsberry/studies/<id>",
    "/pacsberry/studies/<id>/annotations",
}


def show(house: House, study: str, *, shown: bool = True) -> None:
    assert house.ask("PUT", f"/pacsberry/studies/{study}", {"IsShown": shown}, **basic("tom")).status == 200


def orthanc_id(*parts: str) -> str:
    digest = hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def uids_in(told: Any) -> list[str]:
    if isinstance(told, dict):
        found = [uid for value in told.values() for uid in uids_in(value)]
        return found + [value for name, value in told.items() if name.endswith("UID") and value]
    return [uid for value in told for uid in uids_in(value)] if isinstance(told, list) else []


def test_the_number_of_a_patient_cannot_be_tried_out(school: House) -> None:
    told = upload(school, "4711")
    show(school, told["ParentStudy"])
    paths = ("/pacsberry/studies", f"/pacsberry/series/{told['ParentSeries']}/pictures")

    def found(**headers: str) -> list[str]:
        return [uid for path in paths for uid in uids_in(school.ask("GET", path, **headers).json)]

    def tried(uids: list[str]) -> list[str]:
        return [uid for uid in uids if orthanc_id("4711", uid) == told["ParentStudy"]]

    assert tried(found(**basic("tom")))
    assert not tried(found())
    own, of_tom = (
        {uid for uid in uids if not uid.startswith("1.2.840.10008.")} for uids in (found(), found(**basic("tom")))
    )
    assert len(own) == len(of_tom) >= 3
    assert not own & of_tom
    assert own == {uid for uid in found() if not uid.startswith("1.2.840.10008.")}
    assert json.dumps(school.get(paths[0])).count("2.25.") == 2


def test_descriptions_that_name_the_patient_are_not_told(school: House) -> None:
    ds = make_dataset("CT", patient_id="4711", patient_name="DOE^JANE")
    ds.StudyDescription, ds.SeriesDescription = "Knee, Jane Doe", "Control of 4711"
    ds.ManufacturerModelName, ds.ConvolutionKernel = "Doe Jane", "SOFT"
    told = school.ask("POST", "/instances", part10(ds), **basic("anna")).json
    show(school, told["ParentStudy"])
    paths = (
        "/pacsberry/studies",
        f"/pacsberry/studies/{told['ParentStudy']}",
        f"/pacsberry/series/{told['ParentSeries']}/pictures",
        f"/pacsberry/instances/{told['ID']}/tags",
    )

    for path in paths:
        of_tom = school.ask("GET", path, **basic("tom")).body.upper()
        own = school.ask("GET", path).body.upper()
        assert b"JANE" in of_tom or b"4711" in of_tom, path
        assert b"JANE" not in own, path
        assert b"4711" not in own, path
    assert b"SOFT" in own
    assert len(school.get("/pacsberry/studies?text=knee")["Studies"]) == 0
    assert len(school.ask("GET", "/pacsberry/studies?text=knee", **basic("tom")).json["Studies"]) == 1


def with_names(kind: str, study: int) -> bytes:
    """A file with the canary in everything that is about people, and a date of birth."""
    ds = make_dataset(kind, patient_id=f"CANARY{study}", patient_name="CANARY^JANE", study=study)
    ds.PatientBirthDate = "19010203"
    for name in ("AccessionNumber", "ReferringPhysicianName", "OperatorsName", "StudyID", "ImageComments"):
        setattr(ds, name, "CANARY")
    ds.add_new(0x00091001, "LO", "CANARY")
    return part10(ds)


def chosen(values: dict[str, str], match: "re.Match[str]") -> str:
    return values.get(match[1], "x")


def paths_of(route: Route, told: dict[str, str], tags: dict[str, str], digest: str) -> Iterator[str]:
    """The addresses of a route for an instance that is there and what it belongs to, by identifiers and by UIDs."""
    ids = {
        "patients": told["ParentPatient"],
        "studies": told["ParentStudy"],
        "series": told["ParentSeries"],
        "instances": told["ID"],
    }
    level = re.search(r"<level:level:?([^>]*)>", route.path)
    for plural in (level[1] or "|".join(ids)).split("|") if level else [""]:
        path = re.sub(r"<level:level[^>]*>", plural, route.path)
        noun = next((word for word in path.split("/") if word in ids), "instances")
        values = {
            "id": ids[noun],
            "frame": "0",
            "number": "1024",
            "name": "1500",
            "child": "series",
            "study": tags["StudyInstanceUID"],
            "series": tags["SeriesInstanceUID"],
            "instance": tags["SOPInstanceUID"],
            "frames": "1",
            "path": f"{told['ParentSeries']}-{digest}/preview",
        }
        names = re.search(r"<name:re:([^>]*)>", path)
        for name in names[1].split("|") if names else ["1500"]:
            yield re.sub(r"<(\w+)(?::[^>]*)?>", partial(chosen, {**values, "name": name}), path)


def as_hostile(path: str, told: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The same address in the ways that have fooled servers and proxies."""
    yield path, {}
    for header in (
        {"If-None-Match": "*"},
        {"Range": "bytes=0-9"},
        {"Cookie": "pacsberry=x; pacsberry="},
        {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Original-URL": "/pacsberry/session"},
        {"X-HTTP-Method-Override": "GET"},
        {"Expect": "100-continue"},
    ):
        yield path, header
    yield f"{path}/", {}
    yield f"{path};x=1", {}
    yield f"{path}%00", {}
    yield f"{path}?expand&full&requested-tags=PatientName", {}
    yield f"{path}?_method=GET", {}
    yield "/" + path[1:].replace("/", "%2F"), {}
    yield path.replace("/", "//"), {}
    yield f"/app/..{path}", {}
    yield f"/app/%2e%2e{path}", {}
    yield path.replace(told["ID"], told["ID"].upper()), {}


def sweep(house: House, told: dict[str, str]) -> dict[str, set[int]]:
    """Ask all routes for one instance as a guest: the statuses other than refusals; fails where a name is told."""
    tags = house.ask("GET", f"/instances/{told['ID']}/simplified-tags", **basic("anna")).json
    digest = house.ask("GET", f"/pacsberry/series/{told['ParentSeries']}/pictures", **basic("anna")).json["Digest"]
    body = json.dumps({"Level": "Instance", "Query": {}, "Expand": True, "Resources": [told["ID"]]}).encode()
    found: dict[str, set[int]] = {}
    connection = http.client.HTTPConnection("127.0.0.1", house.http_port, timeout=20)
    for route in routes_of(HttpSettings()):
        for path in paths_of(route, told, tags, digest):
            for address, headers in as_hostile(path, told):
                connection.request(route.method, address, None if route.method == "GET" else body, headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.getheader("content-encoding") == "gzip":
                    text = gzip.decompress(text)
                assert not [one for one in CANARIES if one in text], (route.method, address, text[:300])
                if answer.status not in (401, 404, 405):
                    found.setdefault(route.path.split(":re")[0] + (":re" if ":re" in route.path else ""), set()).add(
                        answer.status
                    )
    connection.close()
    return found


def test_no_address_leads_a_guest_to_what_is_hidden_and_none_tells_a_name(school: House) -> None:
    hidden, shown, report, document = (
        school.ask("POST", "/instances", with_names(kind, study), **basic("anna")).json
        for kind, study in (("CT", 1), ("CT", 2), ("SR", 2), ("PDF", 2))
    )
    for told in (hidden, shown):
        for below in ("metadata/1500", "attachments/1500"):
            path = f"/studies/{told['ParentStudy']}/{below}"
            assert school.ask("PUT", path, b"CANARY", **basic("anna")).status == 200
    secret = {"Title": "CANARY", "IsShown": False}
    assert school.ask("PUT", f"/pacsberry/studies/{hidden['ParentStudy']}", secret, **basic("tom")).status == 200
    show(school, shown["ParentStudy"])

    assert sweep(school, hidden).keys() == (OPEN | LISTS) - {"/app/<path:path>"}
    assert sweep(school, shown).keys() >= {"/pacsberry/series/<id>/pictures", "/instances/<id>/<name:re"}
    for told in (shown, report, document):
        assert sweep(school, told).keys() <= OPEN | LISTS | OF_SHOWN
