"""Keeps what a DICOM peer sent and the archive could not take, with the reason, so that nothing is refused silently.

    <storage>/quarantine/<uuid>.dcm     the bytes as they came; <uuid>.dcm.gz packed (StorageCompression)
    <storage>/quarantine/<uuid>.json    when, from whom, why

The folder is bounded: the oldest entries go when it is full.
"""

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pacsberry.archive import Spool
from pacsberry.model import Receipt

LOGGER = logging.getLogger("pacsberry.archive")

_SUFFIXES = (".dcm", ".dcm.gz")


class Quarantine:
    """The folder of refused files; thread-safe."""

    def __init__(self, folder: Path, *, maximum_bytes: int, now: Callable[[], float] = time.time) -> None:
        """`maximum_bytes`: of all files together; 0 keeps none."""
        self._folder = folder
        self._maximum_bytes = maximum_bytes
        self._now = now
        self._lock = threading.Lock()  # guards the folder while room is made

    def put(self, spool: Spool, receipt: Receipt, reason: str) -> Path | None:
        """Take a spooled file over; returns where it lies, or None when it is larger than the quarantine."""
        if spool.size > self._maximum_bytes:
            LOGGER.warning(
                "Refused and not kept in quarantine (%d bytes are more than it holds): %s", spool.size, reason
            )
            return None
        facts = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now())),
            "reason": reason,
            "origin": receipt.origin.value,
            "remote_ip": receipt.remote_ip,
            "remote_aet": receipt.remote_aet,
            "called_aet": receipt.called_aet,
            "size": spool.size,
        }
        spool.finish()
        facts_path = self._folder / f"{spool.path.stem}.json"
        path = facts_path.with_suffix(".dcm" if spool.stored_size is None else ".dcm.gz")
        try:
            with self._lock:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._make_room(spool.bytes_on_card)
                facts_path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
                spool.path.rename(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.with_suffix(".json").unlink(missing_ok=True)
            LOGGER.error("Refused, and the quarantine cannot keep it (%s): %s", error, reason)
            return None
        spool.close()
        return path

    def _make_room(self, size: int) -> None:
        """Remove the oldest entries until `size` more bytes fit."""
        entries = sorted(
            (
                (entry.stat().st_mtime, entry.stat().st_size, entry.path)
                for entry in os.scandir(self._folder)
                if entry.name.endswith(_SUFFIXES)
            ),
        )
        used = sum(entry[1] for entry in entries)
        for _, entry_size, path in entries:
            if used + size <= self._maximum_bytes:
                return
            gone = Path(path)
            for one in (gone, gone.with_name(gone.name.partition(".")[0] + ".json")):
                with contextlib.suppress(FileNotFoundError):
                    one.unlink()
            used -= entry_size
