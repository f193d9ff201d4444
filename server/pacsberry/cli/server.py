"""The server process, once `pacsberry serve` has become it: settings, log, then everything that `app` builds.

Started as `python -m pacsberry.cli.server OPTIONS`, OPTIONS being ServeOptions as JSON. Must not import click.
"""

import logging
import os
import sys

from pacsberry.cli.exits import Exit, exit_code
from pacsberry.cli.footprint import leave_out_unused
from pacsberry.cli.logs import start_logging
from pacsberry.cli.options import ServeOptions
from pacsberry.cli.starting import become_server
from pacsberry.config import Settings
from pacsberry.errors import ConfigError, PacsberryError, in_words

LOGGER = logging.getLogger("pacsberry.server")


def main(text: str) -> int:
    """Serve until told to stop; the exit code."""
    options = ServeOptions.from_json(text)
    try:
        if serve(options):
            become_server(options)
    except (PacsberryError, OSError) as error:
        if options.log.file or options.log.folder:
            LOGGER.error("%s", in_words(error))
        sys.stderr.write(f"pacsberry: {in_words(error)}\n")
        return exit_code(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return Exit.OK


def serve(options: ServeOptions) -> bool:
    """Check, start the log, run; whether to start again.  Raises PacsberryError and OSError."""
    settings = options.load()
    leave_out_unused(settings)  # before anything imports hashlib
    from pacsberry.auth.exposure import check_exposure, exposure_remarks

    flags = settings.flag("RemoteAccessAllowed"), settings.flag("AuthenticationEnabled")
    exposure = *flags, settings.users, settings["Pacsberry.UsersFile"] is not None
    refusal = check_exposure(*exposure)
    if refusal is not None and settings.flag("HttpServerEnabled"):
        raise refusal
    megabytes, kept = settings.number("Pacsberry.LogFileMaximumMB"), settings.number("Pacsberry.LogFilesKept")
    _use_temporary_folder(settings)
    start_logging(options.log, maximum_bytes=megabytes << 20, kept=kept)
    for note in (*settings.notes, *exposure_remarks(*exposure), *_remarks(options)):
        LOGGER.warning("%s", note)
    from pacsberry.app import run

    return run(settings, demo=options.demo)


def _use_temporary_folder(settings: Settings) -> None:
    """TemporaryDirectory: where tempfile puts what it makes, in this process and in its children."""
    folder = settings["TemporaryDirectory"]
    if folder is not None:
        if not os.access(folder, os.W_OK | os.X_OK):
            origin = settings.origin("TemporaryDirectory")
            raise ConfigError(f"TemporaryDirectory ({origin}): {folder} is no folder that can be written to.")
        os.environ["TMPDIR"] = str(folder)


def _remarks(options: ServeOptions) -> list[str]:
    remarks = []
    if options.upgrade:
        remarks.append("--upgrade is accepted: an older index is upgraded at every start, with or without it.")
    if options.no_jobs:
        remarks.append("--no-jobs is accepted: it comes with the jobs; until then none is kept that could go on.")
    return remarks


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
