"""Short ways to load a configuration in tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pacsberry.config import Settings, load

NOWHERE = Path("/nonexistent/pacsberry")


def load_text(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of one file with this text."""
    path = folder / "site.json"
    path.write_text(text, encoding="utf-8")
    return load([path], folder=folder, environ=environ or {}, secrets=NOWHERE)


def load_values(folder: Path, values: Mapping[str, Any]) -> Settings:
    """The settings of one file with these values; names with a dot go into their section."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        section, _, key = name.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[key] = value
    return load_text(folder, json.dumps(tree))
