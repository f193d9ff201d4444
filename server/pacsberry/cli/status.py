"""`pacsberry status`: how the storage is, in plain words, from the running server or from a look at its folder."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from pacsberry.amounts import counted, size
from pacsberry.cli.box import box_options
from pacsberry.cli.check import printable
from pacsberry.cli.house import running_server
from pacsberry.config import Settings
from pacsberry.errors import PeerFailed

_NAMED = 10  # damaged files

_EPILOG = """\b
Examples:
  pacsberry status
  pacsberry status --json

\b
A running server is asked over its socket, for the same as GET /pacsberry/storage tells. Without one, the folder is
looked at, and nothing in it is changed.
"""


@click.command("status", epilog=_EPILOG)
@box_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(settings: Settings, as_json: bool) -> None:
    """Show how the storage is: room, recycling, checks, damaged files, the last start, the last backup."""
    with running_server(settings) as client:
        if client is None:
            told = _looked_at(settings)
        else:
            answer = client.request("GET", "/pacsberry/storage")
            if answer.status != 200:
                raise PeerFailed(
                    f"The server answered {answer.status}: {answer.content.decode(errors='replace')[:500]}"
                )
            told = answer.json()
    told["IsRunning"] = client is not None
    if as_json:
        click.echo(json.dumps(told, indent=1, sort_keys=True))
        return
    for line in (f"Storage: {settings.path('StorageDirectory')}", *_lines(told)):
        click.echo(printable(line))


def _looked_at(settings: Settings) -> dict[str, Any]:
    """What can be told without a server."""
    from pacsberry.app.upkeep import damaged_folder, last_backup
    from pacsberry.app.values import index_path
    from pacsberry.archive.looking import open_reading
    from pacsberry.upkeep import status

    with open_reading(settings.path("StorageDirectory"), index_path(settings)) as archive:
        return {
            "Disk": status.disk(archive.files.room),
            "Archive": status.amounts(archive.statistics),
            "Damaged": status.damaged_files(damaged_folder(settings)),
            "LastBackup": last_backup(settings),
        }


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield "The server runs." if told["IsRunning"] else "The server does not run."
    disk, archive = told["Disk"], told["Archive"]
    yield f"Disk: {size(disk['TotalSize'])}, {size(disk['FreeSize'])} free."
    yield (
        f"Archive: {counted(archive['CountPatients'], 'patient')}, {counted(archive['CountStudies'], 'study')}, "
        f"{counted(archive['CountInstances'], 'instance')}; {size(archive['ContentSize'])}, "
        f"which take {size(archive['StoredSize'])} on the disk."
    )
    if told.get("Recycling"):
        yield from _recycling(told["Recycling"])
    if told.get("Prepared"):
        yield _prepared(told["Prepared"])
    if told.get("Scrub"):
        yield _scrub(told["Scrub"], archive["CountInstances"])
    yield from _damaged(told["Damaged"])
    if told.get("LastStart"):
        yield _last_start(told["LastStart"])
        yield from _index(told["LastStart"])
    yield _backup(told["LastBackup"])


def _recycling(told: Mapping[str, Any]) -> Iterator[str]:
    limits = [f"{size(told['KeepFreeSize'])} are kept free"] if told["KeepFreeSize"] else []
    if told["MaximumStorageSize"]:
        limits.append(f"at most {size(told['MaximumStorageSize'])}")
    if told["MaximumPatientCount"]:
        limits.append(f"at most {counted(told['MaximumPatientCount'], 'patient')}")
    is_rejecting = told["MaximumStorageMode"] == "Reject" and len(limits) > bool(told["KeepFreeSize"])
    what = "then what arrives is refused" if is_rejecting else "then the oldest patients go"
    yield f"Limits: {', '.join(limits)}; {what}." if limits else "Limits: none."
    for first in told["NextToGo"][:1]:
        what = f"{counted(first['CountInstances'], 'instance')}, {size(first['Size'])}"
        yield f"Next to go: patient {first['ID']}, {what}, last received {_moment(first['LastUpdate'])}."


def _prepared(told: Mapping[str, Any]) -> str:
    if not told["IsEnabled"]:
        return "Prepared pictures: switched off (Pacsberry.PreparedPercent)."
    waiting = f"; {told['CountWaiting']} series wait" if told["CountWaiting"] else ""
    return f"Prepared pictures: {size(told['Size'])}, at most {size(told['MaximumSize'])}{waiting}."


def _scrub(told: Mapping[str, Any], instances: int) -> str:
    if told["Halted"]:
        return f"Check of all files: HALTED. {told['Halted']} Run: pacsberry check --checksums"
    if told["IsRunning"] or told["BegunAt"]:
        done = f"{told['CountFiles']} of about {counted(instances, 'file')}"
        return f"Check of all files: at {done} since {_moment(told['BegunAt'])}, {told['CountFound']} damaged."
    if not told["IsEnabled"]:
        return "Check of all files: switched off (Pacsberry.ScrubMBPerSecond)."
    if told["CompletedAt"]:
        last = f"last done {_moment(told['CompletedAt'])}, {told['CountFoundLast']} damaged"
    else:
        last = "not done yet"
    return f"Check of all files: {last}; next {_moment(told['DueAt'])}."


def _damaged(told: Mapping[str, Any]) -> Iterator[str]:
    if not told["Count"]:
        yield "Damaged files: none."
        return
    yield f"Damaged files set aside: {told['Count']}; send or restore them again."
    for file in told["Files"][:_NAMED]:
        tags = file["Tags"] or {}
        whose = ", ".join(tags[name] for name in ("PatientName", "StudyDate", "Modality") if tags.get(name))
        yield f"  {_moment(file['At'])}  {file['Why']}" + (f"  ({whose})" if whose else "")


def _last_start(told: Mapping[str, Any]) -> str:
    if told["WasClean"]:
        return "Last start: after a clean stop."
    return (
        f"Last start: after a power cut or a kill; {counted(told['CountRecovered'], 'instance')} recovered, "
        f"{counted(told['CountUnfinished'], 'unfinished file')} removed, {counted(told['CountLost'], 'instance')} lost."
    )


def _index(told: Mapping[str, Any]) -> Iterator[str]:
    if told["IndexMadeAnewAt"]:
        yield f"Index: made anew from the files {_moment(told['IndexMadeAnewAt'])}."
        for sentence in told["IndexMadeAnew"] or ():
            yield f"  {sentence}"


def _backup(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "Last backup: never. Make one: pacsberry backup FOLDER"
    missing = f", {counted(told['CountNotSaved'], 'file')} could not be saved" if told["CountNotSaved"] else ""
    count = told["CountInstances"]
    return f"Last backup: {_moment(told['At'])} to {told['Target']}, {counted(count, 'instance')}{missing}."


def _moment(text: str | None) -> str:
    """A moment for people."""
    if text is None or len(text) < 13 or text[8] != "T":
        return str(text)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[9:11]}:{text[11:13]} UTC"
