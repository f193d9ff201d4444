"""What goes on at the server while its card is recorded: each kind of work in which the plug may be pulled."""

import sqlite3
from pathlib import Path

from pydicom import dcmread

from pacsberry.archive.migrations import steps
from tests.flows.house import data_set_of, instance_id
from tests.power import loads
from tests.power.ledger import Ledger
from tests.power.loads import digest
from tests.power.recording import Scenario


def first_version(storage: Path, ledger: Ledger) -> None:
    """The index as the first version of the schema had it, so that the next start brings it up to date."""
    new, old = storage / "old.sqlite3", storage / "index.sqlite3"
    number, text = steps()[0]
    connection = sqlite3.connect(old)
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.executescript(f"{text}; PRAGMA application_id = {application}; PRAGMA user_version = {number};")
        connection.execute("DELETE FROM facts")
        connection.execute("ATTACH ? AS newest", (str(old),))
        tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if not table.startswith("sqlite_"):
                columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
                connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newest.{table}")  # noqa: S608
        connection.execute("DELETE FROM facts WHERE name = 'stored_bytes'")
    finally:
        connection.close()
    new.rename(old)


def broken_index(storage: Path, ledger: Ledger) -> None:
    """An index that cannot be read, so that the next start makes it anew."""
    (storage / "index.sqlite3").write_bytes(b"broken" * 1000)


def damaged_files(storage: Path, ledger: Ledger) -> None:
    """Some files with a bad byte, which may be served until they are found, and never again afterwards."""
    files = [(path, dcmread(path, stop_before_pixels=True)) for path in sorted((storage / "files").glob("*/*.dcm"))]
    # A study whose last instance is set aside leaves with its labels: the noted one stays whole.
    for path, header in [(path, header) for path, header in files if header.PatientID != "NOTES"][:_DAMAGED]:
        content = path.read_bytes()
        content = content[:-1] + bytes([content[-1] ^ 1])
        path.write_bytes(content)
        for value in (digest(data_set_of(content)), None):
            ledger.wish("instance", instance_id(header), value)


_DAMAGED = 10
_REPAIR = ("check", "--checksums", "--repair")
_FILLED = (loads.upload, loads.c_store, loads.notes)

ALL = (
    Scenario("receiving", (loads.upload, loads.c_store, loads.impatient_kernel)),
    Scenario("noting", (loads.notes, loads.upload)),
    Scenario("deleting", (loads.delete_one_by_one, loads.impatient_kernel)),
    Scenario("overwriting", (loads.overwrite,), {"OverwriteInstances": True}, seconds=3),
    Scenario("recycling", (loads.patients, loads.impatient_kernel), {"MaximumPatientCount": loads.PATIENTS_AT_MOST}),
    Scenario("compressing", (loads.pack, loads.c_store), {"StorageCompression": True}),
    Scenario("backing up", (loads.back_up, loads.upload), seconds=8, before=_FILLED),
    Scenario("upgrading", (loads.upload,), seconds=0.3, before=_FILLED, change=first_version),
    Scenario("rebuilding", (loads.upload,), seconds=0.3, before=_FILLED, command=("rebuild-index",)),
    Scenario("repairing", (loads.upload,), seconds=0.3, before=_FILLED, change=damaged_files, command=_REPAIR),
    Scenario("rebuilding by itself", (loads.upload,), seconds=0.3, before=_FILLED, change=broken_index),
)
