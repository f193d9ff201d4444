"""What goes with an image: the list of what is in it, and the entry for Raspberry Pi Imager.

`papers.py sbom ROOT` prints a CycloneDX 1.5 list of every Debian package and Python distribution of a tree.
`papers.py manifest IMAGE COMPRESSED` prints the list that Imager opens by a double click: with it, Imager knows that it
may offer its settings, and checks what it writes. Other values come from the environment, as the stages have them.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

# The boards that start a 64-bit system, by Imager's words for them. Imager 2 asks for the board first, and knows none
# but those of the list it was opened with.
BOARDS = {
    "pi5-64bit": ("Raspberry Pi 5", "Raspberry Pi 5, 500, Compute Module 5"),
    "pi4-64bit": ("Raspberry Pi 4", "Raspberry Pi 4, 400, Compute Module 4"),
    "pi3-64bit": ("Raspberry Pi 3 or Zero 2 W", "Raspberry Pi 3, 3+, Zero 2 W, Compute Module 3"),
}
ICON = "icons/use_custom.png"  # one that comes with Imager


def debian_packages(root: Path) -> Iterator[dict[str, Any]]:
    """The installed packages, from dpkg's own record."""
    for block in (root / "var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n"):
        fields = HeaderParser().parsestr(block)
        if fields.get("Status") == "install ok installed":
            name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
            yield {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}",
            }


def python_distributions(root: Path) -> Iterator[dict[str, Any]]:
    """The Python distributions of the program's own environment, each with the licence it states."""
    for metadata in sorted(root.glob("opt/pacsberry-*/lib/python3*/site-packages/*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        name, version = fields["Name"], fields["Version"]
        component = {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{quote(name.lower())}@{quote(version)}",
        }
        if expression := fields.get("License-Expression"):
            component["licenses"] = [{"expression": expression}]
        yield component


def sbom(root: Path, name: str, version: str, made_at: datetime) -> dict[str, Any]:
    """All that is in the tree, as CycloneDX 1.5."""
    components = sorted(
        [*debian_packages(root), *python_distributions(root)], key=lambda component: str(component["purl"])
    )
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps([name, version, components]))}",
        "version": 1,
        "metadata": {
            "timestamp": made_at.isoformat(),
            "component": {"type": "operating-system", "name": name, "version": version},
        },
        "components": components,
    }


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest(image: Path, compressed: Path, url: str, version: str, made_at: datetime) -> dict[str, Any]:
    """The list with one entry that Imager 2 opens; doc/json-schema/os-list-schema.json of its source describes it."""
    return {
        "imager": {
            "devices": [
                {"name": name, "tags": [tag], "icon": ICON, "description": boards, "matching_type": "exclusive"}
                for tag, (name, boards) in BOARDS.items()
            ]
        },
        "os_list": [
            {
                "name": f"Pacsberry {version}",
                "description": "A classroom PACS: opens its own Wi-Fi and shows studies to tablets. For teaching.",
                "icon": ICON,
                "url": url,
                "release_date": made_at.date().isoformat(),
                "extract_size": image.stat().st_size,
                "extract_sha256": sha256(image),
                "image_download_size": compressed.stat().st_size,
                "image_download_sha256": sha256(compressed),
                "devices": list(BOARDS),
                # The first boot reads what Imager writes for cloud-init; cloud-init itself is not in the image.
                "init_format": "cloudinit",
            }
        ],
    }


def main() -> None:
    """Print the paper that the command line asks for."""
    version = os.environ["VERSION"]
    made_at = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    match sys.argv[1:]:
        case ["sbom", root]:
            paper = sbom(Path(root), os.environ["IMG_NAME"], version, made_at)
        case ["manifest", image, compressed]:
            place = os.environ.get("IMAGE_URL", "")
            url = f"{place.rstrip('/')}/{Path(compressed).name}" if place else Path(compressed).resolve().as_uri()
            paper = manifest(Path(image), Path(compressed), url, version, made_at)
        case _:
            sys.exit("usage: papers.py sbom ROOT | papers.py manifest IMAGE COMPRESSED")
    json.dump(paper, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
