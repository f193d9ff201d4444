"""Goal 14: a study as a ZIP archive."""

import tempfile
import zipfile

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench, expect
from tests.bench.figures import AtMostTimes, Figure
from tests.bench.meters import MEBIBYTE, Phase

_HOW = (
    "User + system time of the tree until it is idle again, divided by the number of slices; GET "
    "/studies/{{id}}/archive of one CT study, the ZIP read to its end, opened and its checksums tested. {}"
)
_DEFLATED = Figure(
    14,
    "CPU per CT in a study archive, deflated",
    "ms",
    AtMostTimes(0.4),
    _HOW.format("For a server whose ZIP members are compressed."),
)
_STORED = Figure(
    14,
    "CPU per CT in a study archive, stored",
    "ms",
    AtMostTimes(0.1),
    _HOW.format("For a server whose ZIP members are not compressed, beside Orthanc's, which always are."),
)
_SIZE = Figure(
    14, "size of the archive, of the files' size", "%", None, "Bytes of the ZIP divided by those of the files."
)
_PEAK = Figure(14, "peak RSS", "MiB", None, "VmHWM of the tree.")
FIGURES = (_DEFLATED, _STORED, _SIZE, _PEAK)


def measure(bench: Bench) -> None:
    """A fresh server for every round with one study, restarted before the archive is asked for."""
    for number, server in bench.turns():
        with bench.turn(server, FIGURES, "study archive"), bench.storage() as storage:
            folder = bench.ct().folders[0]
            with servers.answering(server, storage, bench.launch(server)) as one:
                dicom_clients.send_all(one, [folder])
            with servers.answering(server, storage, bench.launch(server)) as one:
                _measure_one(bench, one, number)


def _measure_one(bench: Bench, server: servers.Server, number: int) -> None:
    files = [file for file in bench.ct().files if file.parent == bench.ct().folders[0]]
    with tempfile.TemporaryFile(dir=bench.folder) as file:
        with server.http() as http:
            study = http.json("/studies")[0]
            with Phase(server.tree) as cost:
                size = http.download(f"/studies/{study}/archive", file)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            expect(len(members), len(files), "members of the archive")
            if (damaged := archive.testzip()) is not None:
                expect(0, 1, f"sound members, {damaged} is damaged")
            is_stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    spent_ms = cost.cpu_seconds * 1e3 / len(files)
    for figure, applies in ((_DEFLATED, not is_stored), (_STORED, is_stored or server.name == servers.ORTHANC)):
        if applies:
            bench.results.add(figure, server.name, number, spent_ms)
        else:
            bench.results.excuse(figure, server.name, f"its members are {'stored' if is_stored else 'deflated'}")
    bench.results.add(_SIZE, server.name, number, 100 * size / sum(file.stat().st_size for file in files))
    bench.results.add(_PEAK, server.name, number, cost.peak_bytes / MEBIBYTE)
