"""The single way in: whatever brings an instance hands a spooled file to `Ingest`."""

from pacsberry.ingest.ingest import HeaderReader, Ingest, MismatchedDataset
from pacsberry.ingest.quarantine import Quarantine

__all__ = ["HeaderReader", "Ingest", "MismatchedDataset", "Quarantine"]
