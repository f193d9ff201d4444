"""Storages of an Orthanc: made by the real one, and made up."""

import socket
import sqlite3
import uuid
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from tests.clients.orthanc import running_orthanc


def made_by_orthanc(folder: Path, files: Iterable[bytes], **options: object) -> Path:
    """Have a real Orthanc take in files, mark what it has, and stop; its storage folder."""
    http_port, dicom_port = free_ports(2)
    with running_orthanc(folder, http_port, dicom_port, **options) as url, httpx.Client(base_url=url) as client:
        for data in files:
            assert client.post("/instances", content=data).status_code == 200
        patient, study = client.get("/patients").json()[0], client.get("/studies").json()[0]
        instance = client.get("/instances").json()[0]
        client.put(f"/patients/{patient}/protected", content="1")
        client.put(f"/studies/{study}/metadata/comment", content="für alle")
        client.put(f"/studies/{study}/attachments/note", content=b"a note of a teacher")
        client.put(f"/instances/{instance}/metadata/1500", content="by number")
    return folder / "storage"


def stored(folder: Path, data: bytes, *, packed: bool = False) -> Path:
    """Put a file into a storage folder as Orthanc does."""
    name = str(uuid.uuid4())
    path = folder / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(data).to_bytes(8, "little") + zlib.compress(data) if packed else data)
    return path


def made_up_index(path: Path, rows: dict[str, list[tuple[Any, ...]]], *, version: str = "6") -> None:
    """An index with these rows, in the tables and columns that we read."""
    tables = {
        "GlobalProperties": "property INTEGER PRIMARY KEY, value TEXT",
        "Resources": "internalId INTEGER PRIMARY KEY, resourceType INTEGER, publicId TEXT, parentId INTEGER",
        "Metadata": "id INTEGER, type INTEGER, value TEXT",
        "AttachedFiles": "id INTEGER, fileType INTEGER, uuid TEXT",
        "PatientRecyclingOrder": "seq INTEGER PRIMARY KEY, patientId INTEGER",
        "Labels": "id INTEGER, label TEXT",
    }
    connection = sqlite3.connect(path)
    for name, columns in tables.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
        for row in rows.get(name, []):
            marks = ",".join("?" * len(row))
            connection.execute(f"INSERT INTO {name} VALUES ({marks})", row)  # noqa: S608  # names of our own
    connection.execute("INSERT INTO GlobalProperties VALUES (1, ?)", (version,))
    connection.commit()
    connection.close()


def free_ports(count: int) -> list[int]:
    """TCP ports of 127.0.0.1 that nobody listens on at this moment; as the fixture, for longer-lived ones."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in held]
    for listener in held:
        listener.close()
    return ports
