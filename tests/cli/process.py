"""Runs the real command as a process; in the place of `app`, a program that tells what it was given."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

# sitecustomize is imported by the interpreter before anything else, so this `app` is there before the real one.
_APP = '''
"""Stands in for pacsberry.app: prints what it was given, does what the variable ASKED says."""
import json, logging, os, sys, tempfile, types

def run(settings, *, demo):
    log = logging.getLogger("pacsberry.http.test")
    log.warning("warning of the app\\nforged"), log.info("info of the app"), log.debug("trace of the app")
    told = {
        "pid": os.getpid(),
        "demo": demo,
        "modules": [name for name in ("click", "numpy", "pydicom", "bottle") if sys.modules.get(name)],
        "malloc": {name: text for name, text in os.environ.items() if name.startswith("MALLOC_")},
        "path": sys.path[0],
        "optimize": sys.flags.optimize,
        "http_port": settings["HttpPort"],
        "storage": str(settings["StorageDirectory"]),
        "users": sorted(settings.users or ()),
        "temporary": tempfile.gettempdir(),
    }
    print(json.dumps(told), flush=True)
    asked = os.environ.get("ASKED", "nothing")
    if asked == "restart":
        os.environ["ASKED"] = "nothing"
        return True
    if asked == "broken restart":
        os.environ["PORT"] = "broken"
        return True
    if asked == "port":
        raise OSError(98, "Address already in use")
    if asked == "room":
        from pacsberry.errors import NoRoom
        raise NoRoom("The card is full.")
    return False

app = types.ModuleType("pacsberry.app")
app.run = run
sys.modules["pacsberry.app"] = app
'''


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> list[dict[str, Any]]:
        """What each app that was run has printed."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a run in `folder`: no configuration of this machine comes in."""
    kept = {name: text for name, text in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPYCACHEPREFIX")}
    return kept | {"PYTHONPATH": f"{folder / 'stub'}{os.pathsep}{ROOT / 'server'}"} | more


def pacsberry(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = "") -> Ran:
    """Run `pacsberry` with these arguments in a folder."""
    stub = folder / "stub" / "sitecustomize.py"
    if not stub.exists():
        stub.parent.mkdir(parents=True)
        stub.write_text(_APP)
    done = subprocess.run(
        [sys.executable, "-m", "pacsberry", *arguments],
        cwd=folder,
        env=environment(folder, **(environ or {})),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
