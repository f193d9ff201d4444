"""What senders were told: the truth that a restarted server has to match."""

import hashlib
import threading
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Acknowledged instances and deletions; thread-safe."""

    kept: dict[str, str] = field(default_factory=dict)  # Orthanc id -> SHA-256 of the data set
    deleted: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, instance_id: str, data_set: bytes) -> None:
        with self.lock:
            self.kept[instance_id] = hashlib.sha256(data_set).hexdigest()

    def asking_to_delete(self, instance_id: str) -> None:
        """From now on until the answer, both outcomes are right."""
        with self.lock:
            self.kept.pop(instance_id, None)

    def acknowledge_deletion(self, instance_id: str) -> None:
        with self.lock:
            self.deleted.add(instance_id)

    def some_kept(self) -> str | None:
        with self.lock:
            return next(iter(self.kept), None)


def data_set_of(part10: bytes) -> bytes:
    """A Part 10 file without preamble and file meta information (PS3.10 7.1)."""
    # (0002,0000) UL 4: the first element of the meta group tells the length of the rest of it.
    length = int.from_bytes(part10[140:144], "little")
    return part10[144 + length :]
