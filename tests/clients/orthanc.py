"""Runs Debian's Orthanc beside our server, and says where the two may differ."""

import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

BINARY = shutil.which("Orthanc")
_PATIENCE_SECONDS = 20.0


@contextlib.contextmanager
def running_orthanc(folder: Path, http_port: int, dicom_port: int, **more: object) -> Iterator[str]:
    """A fresh Orthanc, or the one of that folder again; gives its address.  `more`: further options."""
    assert BINARY is not None
    folder.mkdir(exist_ok=True)
    configuration = folder / "orthanc.json"
    options = {
        "AuthenticationEnabled": False,
        "DicomPort": dicom_port,
        "HttpPort": http_port,
        "Plugins": [],
        "RemoteAccessAllowed": False,
        "StableAge": 3600,
        "StorageDirectory": str(folder / "storage"),
        "UserContentType": {"note": [1050, "text/plain"]},
        "UserMetadata": {"comment": 1030},
        **more,
    }
    configuration.write_text(json.dumps(options))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([BINARY, str(configuration)], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{http_port}"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "Orthanc ended at its start"
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/system")
            return
        time.sleep(0.05)
    raise TimeoutError("Orthanc does not answer")


Rule = Callable[[object, object], bool]
"""Whether our value is fine although it is not that of Orthanc; a missing one is given as None."""


def _newer(theirs: object, ours: object) -> bool:
    return theirs is None


def _anything(theirs: object, ours: object) -> bool:
    return theirs is not None and ours is not None


def _unordered(theirs: object, ours: object) -> bool:
    return isinstance(theirs, list) and isinstance(ours, list) and sorted(theirs) == sorted(ours)


def _empty(theirs: object, ours: object) -> bool:
    return theirs == "" and ours is None


def _null(theirs: object, ours: object) -> bool:
    return ours is None and isinstance(theirs, dict) and theirs["Value"] is None


def _first(theirs: object, ours: object) -> bool:
    return isinstance(theirs, str) and isinstance(ours, str) and ours.startswith(f"{theirs}\\")


def _padded(theirs: object, ours: object) -> bool:
    return isinstance(theirs, str) and theirs.rstrip() == ours


def _escaped(theirs: object, ours: object) -> bool:
    return isinstance(theirs, str) and isinstance(ours, str) and "$B" not in ours and ";3ED" in theirs


def _yen(theirs: object, ours: object) -> bool:
    return isinstance(theirs, str) and theirs.replace("¥", "\\") == ours


# End of the path of a member, as an expression; how it may differ; why.  Everything else has to be equal.
DIFFERENCES: tuple[tuple[str, Rule, str], ...] = (
    ("Labels", _newer, "labels came with 1.12.0"),
    ("IsProtected", _newer, "told since 1.12.8"),
    ("MainDicomTagsSignature", _newer, "metadata of 1.11.0"),
    ("PixelDataVR", _newer, "metadata of 1.12.1"),
    ("PatientRecyclingOrder", _newer, "metadata of 1.12.5"),
    ("MainDicomTags/(TimezoneOffsetFromUTC|0008,0201)", _newer, "a main tag since 1.12.5"),
    ("MainDicomTags/(PerformedProcedureStepStartDate|0040,0244)", _newer, "a main tag since 1.12.5"),
    ("MainDicomTags/(PerformedProcedureStepStartTime|0040,0245)", _newer, "a main tag since 1.12.5"),
    ("Studies|Series|Instances", _unordered, "sorted since 1.12"),
    ("LastUpdate|ReceptionDate|Date", _anything, "when the test ran"),
    ("FileUuid|Uuid", _anything, "random"),
    ("IndexInSeries", _empty, "an instance without number has no index"),
    ("7fe0,0010", _null, "no pixel data unless `whole`, since 1.12"),
    ("(FrameIncrementPointer|0028,0009)(/Value)?", _first, "all values of VR AT are told, not the first"),
    ("[0-9a-f]{3}[13579bdf],[0-9a-f]{4}/Name", _anything, "names of private tags come from another dictionary"),
    ("[0-9a-f]{3}[13579bdf],00[0-9a-f]{2}(/Value)?", _padded, "a private creator of VR UN keeps its padding there"),
    ("PrivateCreator", _newer, "a private creator of VR UN is one there, too"),
    ("PatientName|0010,0010(/Value)?", _escaped, "ISO 2022 escape sequences are followed in JIS X 0201, too"),
    ("[^/]*", _yen, "values are separated by a backslash in JIS X 0201, too, where it looks like a yen sign"),
)
_RULES = tuple((re.compile(f"(?:.*/)?(?:{pattern})"), rule) for pattern, rule, _ in DIFFERENCES)


def differences(theirs: object, ours: object, at: str = "") -> Iterator[str]:
    """Where two JSON values differ beyond what is allowed."""
    if theirs == ours or any(pattern.fullmatch(at) and rule(theirs, ours) for pattern, rule in _RULES):
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted(theirs.keys() | ours.keys()):
            yield from differences(theirs.get(name), ours.get(name), f"{at}/{name}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for place, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{at}/{place}")
    else:
        yield f"{at}: Orthanc {_short(theirs)}, Pacsberry {_short(ours)}"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]
