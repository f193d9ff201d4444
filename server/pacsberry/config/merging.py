"""Two ways to make one configuration of several parts.

Strict, for the command line: as in Orthanc's core, a top-level key may stand in one file only.
Lenient, for containers: objects are merged member by member; of everything else the last one counts, with a warning.
"""

from collections.abc import Callable, Iterable

from pacsberry.config.node import Node
from pacsberry.errors import ConfigError


def merged_strictly(parts: Iterable[Node]) -> dict[str, Node]:
    """The top-level keys of all parts; raises ConfigError naming both places when a key stands in two."""
    merged: dict[str, Node] = {}
    for part in parts:
        for key, node in _members(part).items():
            if key in merged:
                raise ConfigError(
                    f'"{key[:80]}" is set in {merged[key].origin} and again in {node.origin}. '
                    "Keep it in one file, or merge files with --layered."
                )
            merged[key] = node
    return merged


def merged_leniently(parts: Iterable[Node], warn: Callable[[str], None]) -> dict[str, Node]:
    """All parts laid over each other, later ones on top; `warn` hears of each value that is replaced by another."""
    merged: dict[str, Node] = {}
    for part in parts:
        merged = _laid_over(merged, _members(part), "", warn)
    return merged


def _laid_over(
    below: dict[str, Node], above: dict[str, Node], path: str, warn: Callable[[str], None]
) -> dict[str, Node]:
    laid = dict(below)
    for key, node in above.items():
        old = below.get(key)
        if old is not None and isinstance(old.value, dict) and isinstance(node.value, dict):
            laid[key] = Node(_laid_over(old.value, node.value, f"{path}{key}.", warn), node.origin)
            continue
        if old is not None and old.plain() != node.plain():
            warn(f"{path}{key}: {node.origin} replaces the value of {old.origin}.")
        laid[key] = node
    return laid


def _members(part: Node) -> dict[str, Node]:
    return part.value if isinstance(part.value, dict) else {}
