"""Puts the demo study into an empty archive, through the same way in as everything else."""

import logging

from pacsberry.app.application import Application
from pacsberry.model import Level, Origin, Receipt

LOGGER = logging.getLogger("pacsberry.server")


def load_demo(application: Application, shown_label: str) -> None:
    """Store the demo study and show it to students; nothing when the archive holds anything."""
    if next(application.archive.resources.ids(Level.INSTANCE, 0, 1), None) is not None:
        return
    from pacsberry.demo import demo_files

    for content in demo_files():
        with application.archive.spool() as spool:
            spool.write(content)
            application.ingest.accept(spool, Receipt(Origin.PLUGINS))
    for study in application.archive.resources.ids(Level.STUDY, 0, 1):
        application.archive.labels.add(Level.STUDY, study, shown_label)
    LOGGER.warning("The archive was empty: the demo study is in it now.")
