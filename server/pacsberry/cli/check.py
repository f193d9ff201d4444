"""`pacsberry check`: compares the index with the files, prints what is wrong and what would be done, and does it."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from pacsberry.amounts import counted, duration, size
from pacsberry.archive.snapshots import Snapshots
from pacsberry.cli.box import box_options
from pacsberry.cli.exits import Exit
from pacsberry.cli.house import check_storage
from pacsberry.cli.main import EXIT_CODES
from pacsberry.cli.progress import Progress
from pacsberry.config import Settings
from pacsberry.errors import NoArchive, StorageBusy
from pacsberry.upkeep.checking import Check, CheckProgress, CheckReport
from pacsberry.upkeep.finding import Finding

_MOST_LINES = 50  # of one kind; --json has them all
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\uffff]")

_EPILOG = f"""\b
Examples:
  pacsberry check                     counts, sizes, names; a few minutes for a full card
  pacsberry check --checksums         reads every file, too
  pacsberry check --json > check.json
  systemctl stop pacsberry && pacsberry check --checksums --repair

Without --repair nothing is written, and the server may run meanwhile. With it the check is made again, its plan is
printed and carried out; bad files are moved to the folder `damaged` of the storage, none is deleted.

{EXIT_CODES}
"""


@click.command("check", epilog=_EPILOG)
@box_options
@click.option("--checksums", is_flag=True, help="Read every file and compare its checksum.")
@click.option("--repair", is_flag=True, help="Carry out the plan; the server has to be stopped.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(settings: Settings, checksums: bool, repair: bool, as_json: bool) -> None:
    """Compare index and files, and say what is wrong and what can be done."""
    report = _repaired(settings, checksums, as_json) if repair else _checked(settings, checksums)
    if as_json:
        click.echo(json.dumps(_to_json(settings.path("StorageDirectory"), report, is_repaired=repair), indent=1))
    else:
        _tell(report, is_repaired=repair)
    left = [finding for finding in report.findings if not (repair and finding.remedy)]
    click.get_current_context().exit(Exit.FINDINGS if left else Exit.OK)


def _checked(settings: Settings, checksums: bool) -> CheckReport:
    from pacsberry.app.workbench import workbench
    from pacsberry.archive.looking import open_reading

    bench = workbench(settings)
    with open_reading(bench.storage, bench.index) as archive, _progress(archive.index, checksums) as progress:
        return Check(
            archive.index,
            archive.files,
            read_header=bench.reading.header,
            read_everything=checksums,
            progress=progress,
        ).run()


def _repaired(settings: Settings, checksums: bool, as_json: bool) -> CheckReport:
    from pacsberry.app.workbench import workbench
    from pacsberry.upkeep.repairing import Repair

    check_storage(settings.path("StorageDirectory"), is_named=False)
    bench = workbench(settings)
    if not bench.index.is_file():
        raise NoArchive(f"There is no index at {bench.index}. Name the right folder with --data.")
    with _alone(bench.archive.for_repair):
        with _progress(bench.archive.index, checksums) as progress:
            check = Check(
                bench.archive.index,
                bench.archive.files,
                read_header=bench.reading.header,
                read_everything=checksums,
                is_alone=True,
                progress=progress,
            )
            report = check.run()
        if not as_json:
            _list(report.findings)
        if any(finding.remedy for finding in report.findings):
            with Progress("Repairing", len(report.findings)) as bar:
                Repair(bench.archive, bench.damaged, bar.advance).carry_out(report.findings)
    return report


@contextlib.contextmanager
def _alone(take: Callable[[], contextlib.AbstractContextManager[None]]) -> Iterator[None]:
    """The storage for this process only; says what to do when the server has it."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(take())
        except StorageBusy as error:
            raise StorageBusy(f"{error} For a repair, stop the server: systemctl stop pacsberry") from error
        yield


@contextlib.contextmanager
def _progress(index: Snapshots, checksums: bool) -> Iterator[CheckProgress]:
    from pacsberry.archive.statistics import Statistics

    known = Statistics(index).total()
    if checksums:
        with Progress("Reading", int(str(known["TotalUncompressedSize"])), of_bytes=True) as bar:
            yield CheckProgress(on_bytes=bar.advance)
    else:
        with Progress("Comparing", int(str(known["CountInstances"]))) as bar:
            yield CheckProgress(on_file=bar.advance)


def _tell(report: CheckReport, *, is_repaired: bool) -> None:
    what = f"{counted(report.files, 'file')} compared with the index"
    if report.bytes_read:
        what += f", {size(report.bytes_read)} read"
    click.echo(f"{what} in {duration(report.seconds)}.")
    if report.is_clean:
        click.echo("All is well.")
        return
    if is_repaired:
        left = sum(not finding.remedy for finding in report.findings)
        done = len(report.findings) - left
        click.echo(f"Repaired: {done}." + (f" Left to you: {left}." if left else ""))
        return
    _list(report.findings)
    if any(finding.remedy for finding in report.findings):
        click.echo("Nothing has been changed. To carry this out: systemctl stop pacsberry && pacsberry check --repair")


def _list(findings: Sequence[Finding]) -> None:
    """One paragraph for each kind: what is wrong, and what a repair does."""
    for kind, count in Counter(type(finding) for finding in findings).items():
        of_kind = [finding for finding in findings if type(finding) is kind]
        click.echo(f"{kind.title} ({count})" + (f"; repair: {kind.remedy}" if kind.remedy else ""))
        for finding in of_kind[:_MOST_LINES]:
            click.echo(f"  {printable(finding.words)}")
        if count > _MOST_LINES:
            click.echo(f"  and {count - _MOST_LINES} more; --json lists them all")


def _to_json(storage: Path, report: CheckReport, *, is_repaired: bool) -> dict[str, object]:
    return {
        "Storage": str(storage),
        "Files": report.files,
        "BytesRead": report.bytes_read,
        "Seconds": round(report.seconds, 1),
        "IsClean": report.is_clean,
        "IsRepaired": is_repaired,
        "Findings": [finding.to_json() for finding in report.findings],
    }


def printable(text: str) -> str:
    """`text` without what a terminal would take for an order: names of strange files are hostile."""
    return _UNPRINTABLE.sub("?", text)
