"""A class that looks at studies: clients that list, open, read tags and fetch files at a pupil's pace."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.bench.http_client import HttpClient
from tests.bench.servers import Server

CLIENTS = 30
PACE_SECONDS = 2.0  # from one request of a client to its next
_LIST = {"Level": "Study", "Query": {}, "Limit": 50, "Expand": True}
_ARCHIVE_EVERY = 60  # requests: a whole study is fetched every two minutes


def browse(server: Server, study_uids: Sequence[str], seconds: float) -> int:
    """Thirty clients for so long, each at another point of the same round; returns the number of requests."""
    over = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(_client, server, number, study_uids, over) for number in range(CLIENTS)]
        over.wait(seconds)
        over.set()
        return sum(client.result() for client in clients)


def _client(server: Server, number: int, study_uids: Sequence[str], over: threading.Event) -> int:
    asked = 0
    over.wait(number * PACE_SECONDS / CLIENTS)
    with server.http() as http:
        query = {"Level": "Study", "Query": {"StudyInstanceUID": study_uids[number % len(study_uids)]}}
        (study,) = http.json("/tools/find", query)
        instances: list[str] = [one["ID"] for one in http.json(f"/studies/{study}/instances")]
        while not over.is_set():
            begun = time.monotonic()
            _ask(http, study, instances, number + asked)
            asked += 1
            over.wait(max(0.0, begun + PACE_SECONDS - time.monotonic()))
    return asked


def _ask(http: HttpClient, study: str, instances: Sequence[str], turn: int) -> None:
    """One request; by `turn` the list, a study, its series, an instance's tags, its file, now and then everything."""
    instance = instances[turn % len(instances)]
    if turn % _ARCHIVE_EVERY == 0:
        http.download(f"/studies/{study}/archive")
        return
    match turn % 5:
        case 0:
            http.json("/tools/find", _LIST)
        case 1:
            http.json(f"/studies/{study}")
        case 2:
            http.json(f"/studies/{study}/series?expand")
        case 3:
            http.json(f"/instances/{instance}/simplified-tags")
        case _:
            http.download(f"/instances/{instance}/file")
