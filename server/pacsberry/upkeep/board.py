"""How the machine is, as far as this process may see it: memory, temperature, and what a box has published of itself.

Only files are read, and each may be missing: on a laptop, or in a sandbox that hides most of /proc.
"""

import json
import os
import time
from pathlib import Path
from typing import Final

BOX_STATUS: Final = "run/pacsberry/status.json"  # what `pacsberry-box status --json` prints
_LARGEST: Final = 65536  # bytes
_HOTTEST, _COLDEST = 150.0, -60.0  # degrees Celsius; beyond, the sensor is not to be believed


def board(root: Path = Path("/")) -> dict[str, object]:
    """Sizes in bytes, temperature in degrees Celsius; None for what cannot be known here."""
    return {"Memory": memory(root), "Temperature": temperature(root), "Box": box_status(root)}


def memory(root: Path) -> dict[str, object]:
    """Of the machine, and of this process (proc(5): meminfo, self/statm)."""
    page = os.sysconf("SC_PAGE_SIZE")
    told = dict(line.split(":", 1) for line in _text(root / "proc/meminfo").splitlines() if ":" in line)
    pages = _text(root / "proc/self/statm").split()
    return {
        "TotalSize": os.sysconf("SC_PHYS_PAGES") * page,
        "AvailableSize": _number(told.get("MemAvailable", "").removesuffix("kB"), 1024),
        "ServerSize": _number(pages[1] if len(pages) > 1 else "", page),
    }


def temperature(root: Path) -> float | None:
    """Of the hottest sensor of the kind that boards have (sysfs: millidegrees)."""
    folder = root / "sys/class/thermal"
    told = (_number(_text(path)) for path in sorted(folder.glob("thermal_zone*/temp")))
    degrees = [value / 1000 for value in told if value is not None]
    return max((value for value in degrees if _COLDEST < value < _HOTTEST), default=None)


def box_status(root: Path) -> dict[str, object] | None:
    """What the box has published, and `AgeSeconds`; None where there is none, or nothing that makes sense."""
    path = root / BOX_STATUS
    try:
        with path.open("rb") as file:
            facts = json.loads(file.read(_LARGEST))
            age = max(0, round(time.time() - os.fstat(file.fileno()).st_mtime))
    except (OSError, ValueError, RecursionError):
        return None
    return {"Facts": facts, "AgeSeconds": age} if isinstance(facts, dict) else None


def _text(path: Path) -> str:
    """The beginning of a small file of the kernel; '' when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("ascii", "replace")
    except OSError:
        return ""


def _number(text: str, unit: int = 1) -> int | None:
    try:
        return int(text.strip()) * unit
    except ValueError:
        return None
