"""Decides about one received file: reads its header, refuses or quarantines it, or has the archive keep it.

The rules are the same for C-STORE, upload and memory stick; what differs is who is told, and how.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from pacsberry.archive import Archive, Spool
from pacsberry.dicom.header import check_complete
from pacsberry.dicom.syntax import DEFLATED_SYNTAXES
from pacsberry.errors import UnreadableDicom
from pacsberry.ingest.quarantine import Quarantine
from pacsberry.ingest.reader import Reader
from pacsberry.model import Header, KeepStatus, Kept, Level, Receipt

LOGGER = logging.getLogger("pacsberry.archive")


class MismatchedDataset(UnreadableDicom):
    """A data set that is not what its request announced: another class or instance, or of another study."""


class Conversion(Protocol):
    """What makes another file of one that arrives, before it is kept (IngestTranscoding)."""

    def becomes(self, header: Header) -> Header | None:
        """What identifies the object afterwards; None when it stays as it is."""

    def convert(self, spool: Spool, header: Header) -> Spool | None:
        """The other file; None when it cannot be made."""


class Ingest:
    """The single way in; thread-safe."""

    def __init__(
        self,
        *,
        archive: Archive,
        reader: Reader,
        quarantine: Quarantine,
        conversion: Conversion | None = None,
        told: Callable[[Kept], None] = lambda kept: None,
    ) -> None:
        """`conversion` is asked of everything but what comes out of a backup, which is kept as it was.

        `told` hears of all that is kept or was there already, before the sender does.
        """
        self._conversion = conversion
        self._told = told
        self._archive = archive
        self._reader = reader
        self._quarantine = quarantine

    def accept(self, spool: Spool, receipt: Receipt, *, restored_from: int | None = None, study_uid: str = "") -> Kept:
        """Take in an uploaded Part 10 file or bare data set; durable when this returns.

        `restored_from`: of a file out of a backup, when it was first received (UTC seconds); `study_uid`: the study it
        has to be of, '' for any.

        UnreadableDicom when it is none or is cut short, MismatchedDataset when it is of another study, NoRoom when the
        card is full: then nothing is kept.
        """
        header = self._reader.of_spool(spool)
        if study_uid and header.identifiers.study_uid != study_uid:
            raise MismatchedDataset(f"The file is of study {header.identifiers.study_uid}, not of {study_uid[:64]}.")
        if header.pixel_data_offset is not None or header.transfer_syntax_uid in DEFLATED_SYNTAXES:
            with spool.open() as file:  # the header was read as far as the pixels; a file may be cut in or behind them
                check_complete(file, size=spool.size, start=header.pixel_data_offset)
        if self._conversion is not None and restored_from is None:
            return self._tell(self._keep_converted(self._conversion, spool, header, receipt))
        return self._tell(self._archive.keep(spool, header, receipt, restored_from=restored_from))

    def accept_dataset(
        self, spool: Spool, receipt: Receipt, *, transfer_syntax_uid: str, sop_class_uid: str, sop_uid: str
    ) -> Kept:
        """Take in what a C-STORE brought, behind the file meta information the DICOM door wrote; durable on return.

        MismatchedDataset when the data set is not what the request announced (PS3.4 B.2.3), UnreadableDicom when it
        cannot be read; what is refused goes to the quarantine.  NoRoom when the card is full.
        """
        try:
            header = self._reader.of_spool(spool)
            who = header.identifiers
            if (header.sop_class_uid, who.sop_uid) != (sop_class_uid, sop_uid):
                raise MismatchedDataset(
                    f"The request announced SOP class {sop_class_uid}, instance {sop_uid}; "
                    f"the data set is class {header.sop_class_uid}, instance {who.sop_uid}."
                )
            if header.transfer_syntax_uid != transfer_syntax_uid:
                raise UnreadableDicom(f"The data set is not in the transfer syntax agreed on, {transfer_syntax_uid}.")
        except UnreadableDicom as error:
            self._quarantine.put(spool, receipt, str(error))
            raise
        if self._conversion is not None:
            return self._tell(self._keep_converted(self._conversion, spool, header, receipt))
        return self._tell(self._archive.keep(spool, header, receipt))

    def _tell(self, kept: Kept) -> Kept:
        self._told(kept)
        return kept

    def _keep_converted(self, conversion: Conversion, spool: Spool, header: Header, receipt: Receipt) -> Kept:
        """Keep what becomes of a file, or the file itself when nothing does.

        What is there and stays there is not converted once more.
        """
        expected = conversion.becomes(header)
        if expected is None:
            return self._archive.keep(spool, header, receipt)
        if self._archive.would_stay(expected.identifiers.orthanc_id(Level.INSTANCE)):
            return Kept(KeepStatus.ALREADY_STORED, expected.identifiers, expected.sop_class_uid)
        converted = conversion.convert(spool, header)
        if converted is None:
            return self._archive.keep(spool, header, receipt)
        with converted:
            try:
                found = self._reader.of_spool(converted)
            except UnreadableDicom as error:
                LOGGER.error("Instance %s is kept as it came: %s", header.identifiers.sop_uid, error)
                return self._archive.keep(spool, header, receipt)
            if (found.identifiers, found.sop_class_uid) != (expected.identifiers, expected.sop_class_uid):
                LOGGER.error("Instance %s is kept as it came: converted, it is another", header.identifiers.sop_uid)
                return self._archive.keep(spool, header, receipt)
            return self._archive.keep(converted, found, receipt)
