"""StorageCompression at Debian's Orthanc and here: what clients see is compared, for every file in either form.

The bytes on the card differ: Orthanc keeps zlib behind eight bytes of length, and we keep gzip.
"""

import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.clients.orthanc import BINARY, running_orthanc
from tests.clients.test_like_orthanc import _free_ports
from tests.http.live import live_server
from tests.makers import make_instance

pytestmark = pytest.mark.skipif(BINARY is None, reason="Orthanc is not installed")

CT = make_instance("CT", rows=256, columns=256)
NOTE = "Look at the left lung.\n" * 500
FACTS = ("size", "md5", "is-compressed")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    folder = tmp_path_factory.mktemp("packed")
    with (
        running_orthanc(folder / "orthanc", *_free_ports(), StorageCompression=True) as orthanc,
        live_server(
            folder / "ours", compression=True, store_md5=True, user_content_types={"note": (1050, "text/plain")}
        ) as live,
        httpx.Client(base_url=orthanc) as theirs,
        httpx.Client(base_url=live.url) as ours,
    ):
        for client in (theirs, ours):
            told = client.post("/instances", content=CT).json()
            client.put(f"/studies/{told['ParentStudy']}/attachments/note", content=NOTE).raise_for_status()
        yield theirs, ours


def both(servers: tuple[httpx.Client, httpx.Client], method: str, path: str) -> Any:
    """The answer, which has to be the same from both; JSON as a value, other things as text."""
    answers = [client.request(method, path) for client in servers]
    assert [answer.status_code for answer in answers] == [200, 200], (method, path)
    theirs, ours = (answer.content for answer in answers)
    assert theirs == ours, (method, path)
    return ours


def places(servers: tuple[httpx.Client, httpx.Client]) -> list[str]:
    (instance,), (study,) = (servers[1].get(path).json() for path in ("/instances", "/studies"))
    return [f"/instances/{instance}/attachments/dicom", f"/studies/{study}/attachments/note"]


@pytest.mark.parametrize("number", [0, 1], ids=["dicom", "note"])
def test_the_routes_of_one_file_answer_alike_in_both_forms(
    servers: tuple[httpx.Client, httpx.Client], number: int
) -> None:
    place = places(servers)[number]
    content = [CT, NOTE.encode()][number]

    for act, is_packed in ((None, b"1"), ("uncompress", b"0"), ("uncompress", b"0"), ("compress", b"1")):
        if act is not None:
            assert both(servers, "POST", f"{place}/{act}") == b"{}"
        assert both(servers, "GET", f"{place}/is-compressed") == is_packed
        assert both(servers, "GET", f"{place}/data") == content
        assert int(both(servers, "GET", f"{place}/size")) == len(content)
        both(servers, "GET", f"{place}/md5")
        assert both(servers, "POST", f"{place}/verify-md5").strip() == b"{}"
        for client in servers:
            stored = client.get(f"{place}/compressed-data").content
            assert int(client.get(f"{place}/compressed-size").text) == len(stored)
            assert (stored == content) == (is_packed == b"0")
        assert is_packed == b"0" or gzip.decompress(stored) == content


def test_sizes_are_told_alike(servers: tuple[httpx.Client, httpx.Client]) -> None:
    path = places(servers)[0].partition("/attachments")[0]

    theirs, ours = (client.get(path).json() for client in servers)
    assert theirs["FileSize"] == ours["FileSize"] == len(CT)
    both(servers, "GET", f"{path}/file")
    theirs, ours = (client.get("/statistics").json() for client in servers)
    assert theirs.keys() == ours.keys()
    for told in (theirs, ours):
        assert int(told["TotalDiskSize"]) < int(told["TotalUncompressedSize"])
    theirs, ours = (client.get(f"{path}/statistics").json() for client in servers)
    for told in (theirs, ours):
        assert int(told["DiskSize"]) < int(told["UncompressedSize"])
