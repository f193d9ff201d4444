"""The single way in: whatever brings an instance hands a spooled file to `Ingest`."""

from pacsberry.ingest.ingest import Ingest, MismatchedDataset
from pacsberry.ingest.quarantine import Quarantine
from pacsberry.ingest.reader import Reader

__all__ = ["Ingest", "MismatchedDataset", "Quarantine", "Reader"]
