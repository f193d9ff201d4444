"""Sends studies until the power goes: `upload.py FOLDER USER PASSWORD` posts the files of a folder one after the other.

Prints a line for each that the server has acknowledged, at once: what was printed must never be lost.
"""

import base64
import http.client
import sys
from pathlib import Path


def main() -> None:
    """Post every file, again and again from the beginning."""
    folder, user, password = sys.argv[1:]
    key = base64.b64encode(f"{user}:{password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", 8042, timeout=120)
    for path in sorted(Path(folder).iterdir()):
        connection.request("POST", "/instances", path.read_bytes(), {"Authorization": f"Basic {key}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            print(path.name, flush=True)  # noqa: T201 - the printed line is what this program is for


if __name__ == "__main__":
    main()
