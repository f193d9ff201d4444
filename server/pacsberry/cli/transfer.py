"""What `import` and `upload` share: works through sources with a progress bar, and says what became of the files."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from pacsberry.amounts import counted
from pacsberry.archive.orthanc_index import Added, OrthancIndex
from pacsberry.cli.exits import Exit, exit_code
from pacsberry.cli.progress import Progress
from pacsberry.errors import IndexDamaged, PacsberryError, in_words
from pacsberry.importing.importer import Importer, Wishes
from pacsberry.importing.items import Fate, Finding
from pacsberry.importing.orthanc_folder import OrthancFolder
from pacsberry.importing.orthanc_notes import Brought, Notes
from pacsberry.importing.remote import Remote
from pacsberry.importing.report import ReportFile, Tally
from pacsberry.importing.server import Server
from pacsberry.importing.sources import Source

_AGAIN = "Run the same command again to go on: what has been brought is passed over quickly."


@dataclass(frozen=True, slots=True)
class Transfer:
    """What to do, and how."""

    sources: Sequence[Source]
    wishes: Wishes
    report: Path | None = None
    index: Path | None = None  # of an Orthanc whose IndexDirectory is not its StorageDirectory


def transfer(work: Transfer, server: Server) -> Exit:
    """Bring everything and tell about it; the exit code.  What ends it early is told, too, and not raised."""
    tally = Tally()
    ended: BaseException | None = None
    with contextlib.ExitStack() as opened:
        for source in work.sources:
            if isinstance(source, Remote):
                opened.enter_context(contextlib.closing(source))
        report = opened.enter_context(contextlib.closing(ReportFile(work.report))) if work.report else None
        try:
            _bring(work, server, tally, report)
        except (PacsberryError, OSError, KeyboardInterrupt) as error:
            ended = error
    _tell(tally, work)
    if ended is None:
        return Exit.FINDINGS if tally.trouble_count else Exit.OK
    click.echo(
        f"Not finished: {'interrupted.' if isinstance(ended, KeyboardInterrupt) else in_words(ended)} {_AGAIN}",
        err=True,
    )
    return exit_code(ended)


def _bring(work: Transfer, server: Server, tally: Tally, report: ReportFile | None) -> None:
    server.ask_once("GET", "/system")
    click.echo(f"Looking at {', '.join(source.name for source in work.sources)} …", err=True)
    total = sum(source.total() for source in work.sources)
    label = "Rehearsing" if work.wishes.is_rehearsal else "Bringing"
    notes: list[tuple[Notes, Iterator[Added]]] = []
    with contextlib.ExitStack() as opened:
        with Progress(label, total, of_bytes=True) as progress:

            def take(finding: Finding) -> None:
                tally.add(finding)
                if report is not None:
                    report.add(finding)
                progress.advance(finding.amount)

            importer = Importer(server, take, work.wishes)
            for source in work.sources:
                if isinstance(source, OrthancFolder):
                    index = opened.enter_context(_index_of(source, work.index))
                    if index is not None:
                        notes.append((Notes(server, source.path), index.added()))
                elif isinstance(source, Remote):
                    notes.append((Notes(server), source.added()))
                importer.take(source.found())
        for one, added in notes if not work.wishes.is_rehearsal else ():
            _bring_notes(one, added, tally, report)


def _bring_notes(notes: Notes, added: Iterator[Added], tally: Tally, report: ReportFile | None) -> None:
    try:
        brought = notes.bring(added)
    except IndexDamaged as error:
        click.echo(f"{error} Not everything that users added could be brought.", err=True)
    else:
        _tell_notes(brought, tally, report)


@contextlib.contextmanager
def _index_of(source: OrthancFolder, named: Path | None) -> Iterator[OrthancIndex | None]:
    """The index of an Orthanc's storage; None, with a word about it, when there is none to be read."""
    path = named or source.path / "index"
    index: OrthancIndex | None
    with contextlib.ExitStack() as opened:
        try:
            if not path.is_file():
                raise IndexDamaged(f"There is no index at {path}.")
            index = opened.enter_context(OrthancIndex.open(path))
            source.leave_out(index.users_files())
        except IndexDamaged as error:
            index = None
            click.echo(f"{error} The images are brought; labels, metadata and protection are not.", err=True)
        yield index


def _tell(tally: Tally, work: Transfer) -> None:
    kept = "would be brought" if work.wishes.is_rehearsal else "brought"
    parts = [f"{tally.count(Fate.KEPT)} {kept}", f"{tally.count(Fate.THERE)} were there already"]
    for fate, words in (
        (Fate.REFUSED, "refused"),
        (Fate.UNREADABLE, "unreadable"),
        (Fate.NOT_DICOM, "not DICOM"),
        (Fate.PASSED_OVER, "passed over"),
    ):
        if tally.count(fate):
            parts.append(f"{tally.count(fate)} {words}")
    click.echo(f"Files: {', '.join(parts)}.")
    for finding in tally.troubles:
        click.echo(f"  {finding.fate.value}: {finding.name}: {finding.reason}")
    more = tally.trouble_count - len(tally.troubles)
    if more:
        click.echo(f"  … and {more} more" + ("." if work.report else "; --report FILE writes all of them down."))


def _tell_notes(brought: Brought, tally: Tally, report: ReportFile | None) -> None:
    for finding in brought.troubles:
        tally.add(finding)
        if report is not None:
            report.add(finding)
    if not (brought.labels or brought.metadata or brought.protections or brought.attachments):
        return
    click.echo(
        f"Of what users added: {counted(brought.labels, 'label')}, {brought.metadata} metadata, "
        f"{counted(brought.protections, 'protection')} and {counted(brought.attachments, 'attached file')} brought."
    )
