"""What guests must not find out: by addresses, by headers, by what is told of what is shown."""

import hashlib
import json
from typing import Any

from tests.flows.house import House
from tests.flows.people_aids import basic, upload


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
