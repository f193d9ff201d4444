"""`pacsberry rebuild-index`: makes the index anew from the files, when it is damaged or lost."""

import time

import click

from pacsberry.amounts import duration, size
from pacsberry.cli.box import box_options
from pacsberry.cli.exits import Exit
from pacsberry.cli.house import check_storage
from pacsberry.cli.main import EXIT_CODES
from pacsberry.cli.progress import Progress
from pacsberry.config import Settings
from pacsberry.errors import StorageBusy

_EPILOG = f"""\b
Examples:
  systemctl stop pacsberry
  sudo -u pacsberry pacsberry rebuild-index
  systemctl start pacsberry

\b
  pacsberry rebuild-index --data /srv/pacs
  pacsberry rebuild-index --checksums         reads every file whole, not only its first kilobytes

\b
From the files come: everything of DICOM, who sent it, when.
From notes.jsonl beside them: labels, users' metadata and attachments, protection of patients, studies and series.
Not in the index, so not touched: accounts (the users file) and settings; both are in a backup.
Lost with an index: the log of changes, which begins anew, and the log of exports.

A server does the same by itself when it meets a missing or damaged index at its start. The old index is kept as
index.sqlite3.old-DATE until the next rebuild. A rebuild that is broken off leaves the old index in its place.
Checksums that are not read now are filled in by the server's own check in the background.

{EXIT_CODES}
"""


@click.command("rebuild-index", epilog=_EPILOG)
@box_options
@click.option("--checksums", is_flag=True, help="Read every file whole, and keep its checksum.")
def command(settings: Settings, checksums: bool) -> None:
    """Make the index anew from the files; the server has to be stopped."""
    from pacsberry.app.workbench import workbench

    bench = workbench(settings)
    check_storage(bench.storage, is_named=False)
    began = time.monotonic()
    bar = _Bar()
    try:
        rebuilt = bench.archive.rebuild_index(bar.tell, checksums=checksums)
    except StorageBusy as error:
        raise StorageBusy(f"{error} To stop the server: systemctl stop pacsberry") from error
    finally:
        bar.end()
    seconds = time.monotonic() - began
    for line in rebuilt.lines():
        click.echo(line)
    speed = f"{round(bar.files / max(seconds, 1e-6))} files/s, {size(bar.bytes / max(seconds, 1e-6))}/s"
    click.echo(f"{bar.files} files of {size(bar.bytes)} in {duration(seconds)}: {speed}.")
    click.get_current_context().exit(Exit.OK if rebuilt.is_complete else Exit.FINDINGS)


class _Bar:
    """Shows how far it is, in bytes of the files that are indexed, whether they were read whole or not."""

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0
        self._progress: Progress | None = None

    def tell(self, files_done: int, bytes_done: int, bytes_in_all: int) -> None:
        """As rebuilding.Progress."""
        if self._progress is None:
            self._progress = Progress("Indexing", bytes_in_all, of_bytes=True)
        self._progress.advance(bytes_done - self.bytes)
        self.files, self.bytes = files_done, bytes_done

    def end(self) -> None:
        """Show it for the last time."""
        if self._progress is not None:
            with self._progress:
                pass
