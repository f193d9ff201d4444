"""Backups one after the other while the server receives, deletes and labels without a pause."""

import random
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.test_backup import backup
from tests.cli.test_restore import restore
from tests.flows.house import House, in_process
from tests.makers.instances import make_instance

BACKUPS = 3


class Load:
    """Clients that never stop, and what they have been told."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = threading.Event()
        self._lock = threading.Lock()  # guards what follows
        self._kept: set[str] = set()
        self._deleted: set[str] = set()  # or about to be
        self._labeled: set[str] = set()
        self.failures: list[Exception] = []
        acts = (lambda: self._send(0), lambda: self._send(1), self._delete, self._label)
        self._threads = [threading.Thread(target=act) for act in acts]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def seen(self) -> tuple[set[str], set[str]]:
        """What has been acknowledged, and what has been labeled, by now."""
        with self._lock:
            return set(self._kept), set(self._labeled)

    def deleted(self) -> set[str]:
        """What may be gone by now."""
        with self._lock:
            return set(self._deleted)

    def _send(self, sender: int) -> None:
        instance = 0
        while not self._stop.wait(0.02):  # the restores have to share this process
            instance += 1
            content = make_instance("CT", patient_id=f"P{sender}-{instance // 20}", instance=instance)
            try:
                told = self._house.upload(content)
            except Exception as error:  # noqa: BLE001  told by the test
                self.failures.append(error)
                return
            with self._lock:
                self._kept.add(told["ID"])

    def _delete(self) -> None:
        chance = random.Random(1)
        while not self._stop.wait(0.02):
            with self._lock:
                choice = sorted(self._kept - self._deleted)
                one = chance.choice(choice) if choice else ""
                self._deleted |= {one}
            if one:
                self._house.ask("DELETE", f"/instances/{one}")

    def _label(self) -> None:
        chance = random.Random(2)
        while not self._stop.wait(0.03):
            with self._lock:
                choice = sorted(self._kept - self._deleted)
                one = chance.choice(choice) if choice else ""
            if one and self._house.ask("PUT", f"/instances/{one}/labels/exam").status == 200:
                with self._lock:
                    self._labeled.add(one)


@pytest.mark.proof
def test_what_was_acknowledged_before_a_backup_is_in_it(tmp_path: Path) -> None:
    with in_process(tmp_path) as house, Load(house) as load:
        for number in range(BACKUPS):
            kept, labeled = load.seen()
            before = load.deleted()
            done: subprocess.CompletedProcess[str] = backup(tmp_path, "stick", "--data", "storage", "--same-disk")
            expected = kept - load.deleted()
            assert "NOT SAVED" not in done.stderr

            fresh = tmp_path / f"card-{number}"
            fresh.mkdir()
            restore(tmp_path, "stick", "--data", str(fresh / "storage"))
            with in_process(fresh) as other:
                found = set(other.get("/instances"))
                assert expected <= found
                assert not found & before
                assert {one for one in labeled & expected if other.get(f"/instances/{one}/labels") != ["exam"]} == set()
        assert load.failures == []
        assert len(kept) > 20
