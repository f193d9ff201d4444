"""Runs Debian's Orthanc beside our server, and says where the two may differ."""

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

BINARY = shutil.which("Orthanc")
_PATIENCE_SECONDS = 20.0


@contextlib.contextmanager
def running_orthanc(folder: Path, http_port: int, dicom_port: int) -> Iterator[str]:
    """A fresh Orthanc; gives its address."""
    assert BINARY is not None
    folder.mkdir()
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
"""Whether a member of our answer is fine although it is not that of Orthanc; a missing one is given as None."""


def _newer(theirs: object, ours: object) -> bool:
    return theirs is None


def _anything(theirs: object, ours: object) -> bool:
    return theirs is not None and ours is not None


def _unordered(theirs: object, ours: object) -> bool:
    """Orthanc 1.10 lists children in any order."""
    return isinstance(theirs, list) and isinstance(ours, list) and sorted(theirs) == sorted(ours)


def _without_yen(theirs: object, ours: object) -> bool:
    """The backslash of JIS X 0201 looks like a yen sign."""
    return json.dumps(theirs, ensure_ascii=False).replace("¥", "\\\\") == json.dumps(ours, ensure_ascii=False)


def _empty(theirs: object, ours: object) -> bool:
    return theirs == "" and ours is None


# Member of an object, at any depth: what may differ, and why.  Everything else has to be equal.
DIFFERENCES: dict[str, tuple[Rule, str]] = {
    "Labels": (_newer, "labels came with 1.12.0"),
    "IsProtected": (_newer, "told since 1.12.8"),
    "MainDicomTagsSignature": (_newer, "metadata of 1.11.0"),
    "PixelDataVR": (_newer, "metadata of 1.12.1"),
    "PatientRecyclingOrder": (_newer, "metadata of 1.12.5"),
    "TimezoneOffsetFromUTC": (_newer, "a main tag since 1.12.5"),
    "PerformedProcedureStepStartDate": (_newer, "a main tag since 1.12.5"),
    "PerformedProcedureStepStartTime": (_newer, "a main tag since 1.12.5"),
    "0008,0201": (_newer, "a main tag since 1.12.5"),
    "0040,0244": (_newer, "a main tag since 1.12.5"),
    "0040,0245": (_newer, "a main tag since 1.12.5"),
    "PatientMainDicomTags": (_anything, "the patient's own; Orthanc keeps for each study those it arrived with"),
    "ImageOrientationPatient": (_without_yen, "the separator of values is a backslash in any character set"),
    "ImagePositionPatient": (_without_yen, "the separator of values is a backslash in any character set"),
    "0020,0032": (_without_yen, "the separator of values is a backslash in any character set"),
    "0020,0037": (_without_yen, "the separator of values is a backslash in any character set"),
    "IndexInSeries": (_empty, "an instance without number has no index"),
    "Studies": (_unordered, "sorted since 1.12"),
    "Series": (_unordered, "sorted since 1.12"),
    "Instances": (_unordered, "sorted since 1.12"),
    "LastUpdate": (_anything, "when the test ran"),
    "ReceptionDate": (_anything, "when the test ran"),
    "Date": (_anything, "when the test ran"),
    "FileUuid": (_anything, "random"),
    "Uuid": (_anything, "random"),
}


def differences(theirs: object, ours: object, at: str = "") -> Iterator[str]:
    """Where two JSON values differ beyond what is allowed."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted(theirs.keys() | ours.keys()):
            one, other = theirs.get(name), ours.get(name)
            rule = DIFFERENCES.get(name)
            if (name in theirs) == (name in ours) and one == other:
                continue
            if rule is None or not rule[0](one, other):
                yield from differences(one, other, f"{at}/{name}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for place, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{at}/{place}")
    elif theirs != ours:
        yield f"{at}: Orthanc {_short(theirs)}, Pacsberry {_short(ours)}"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]
