"""Metrics in the text format of Prometheus, under Orthanc's names where Orthanc has one."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from pacsberry.auth import Action
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_CONTENT_TYPE = "text/plain; version=0.0.4"
_COUNTS = ("patients", "studies", "series", "instances")


def is_measuring(request: Request, context: Context) -> Answer:
    """'1' when metrics are on, else '0'."""
    return Answer.text("1" if context.metrics.enabled else "0")


def switch_measuring(request: Request, context: Context) -> Answer:
    """Switch metrics on or off."""
    context.metrics.enabled = request.truth_of_body()
    return Answer.empty()


def get_metrics(request: Request, context: Context) -> Answer:
    """All figures at this moment; nothing while metrics are off."""
    if not context.metrics.enabled:
        return Answer.data(b"", _CONTENT_TYPE)
    now = int(context.clock.now() * 1000)
    lines = [f"{name} {value:.10g} {now}\n" for name, value in sorted(_samples(context))]
    return Answer.data("".join(lines).encode(), _CONTENT_TYPE)


def _samples(context: Context) -> Iterator[tuple[str, float]]:
    totals = context.archive.statistics.total()
    for name in _COUNTS:
        yield f"orthanc_count_{name}", int(str(totals[f"Count{name.title()}"]))
    yield "orthanc_disk_size_mb", int(str(totals["TotalDiskSize"])) / 2**20
    yield "orthanc_uncompressed_size_mb", int(str(totals["TotalUncompressedSize"])) / 2**20
    yield "pacsberry_process_resident_bytes", _resident_bytes()
    yield "pacsberry_process_cpu_seconds_total", time.process_time()
    yield from context.metrics.samples()


def _resident_bytes() -> int:
    """The memory of this process that is in RAM (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


ROUTES = [
    Route("GET", "/tools/metrics", is_measuring),
    Route("PUT", "/tools/metrics", switch_measuring, needs=Action.ADMINISTER),
    Route("GET", "/tools/metrics-prometheus", get_metrics),
]
