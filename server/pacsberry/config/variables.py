"""Names of environment variables that set a setting, as Orthanc's container images spell them.

ORTHANC__ and each level of the path joined by two underscores, CamelCase split by one: DicomWeb.Root is
ORTHANC__DICOM_WEB__ROOT. On the way back, underscores and case do not count, which covers the exceptions
(CASE_SENSITIVE_PN, HTTPS_CA_CERTIFICATES, STORE_MD5_FOR_ATTACHMENTS, POSTGRESQL, MYSQL, OHIF) by themselves.
"""

import re
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from pacsberry.config.json_text import read_json
from pacsberry.config.node import Node, Origin
from pacsberry.config.table import TABLE
from pacsberry.errors import ConfigError

PREFIX = "ORTHANC__"
WHOLE_DOCUMENT = "ORTHANC_JSON"
SECRET_SUFFIX = "_SECRET"  # noqa: S105  the end of a name, not a password

_DEEPEST = 8
_RUN_TOGETHER = {"PostgreSQL": "POSTGRESQL", "MySQL": "MYSQL", "OHIF": "OHIF"}
_TEXTUAL = frozenset({"string", "path", "AE title", "enumeration"})


def variable_of(name: str) -> str:
    """The variable of a setting: StableAge gives ORTHANC__STABLE_AGE."""
    return PREFIX + "__".join(_upper(level) for level in name.split("."))


def _upper(level: str) -> str:
    if level in _RUN_TOGETHER:
        return _RUN_TOGETHER[level]
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", level)
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", split)
    return re.sub("_+", "_", split).upper()


def is_variable(name: str) -> bool:
    """Whether a variable, or a file named like one, sets settings."""
    return name == WHOLE_DOCUMENT or (name.startswith(PREFIX) and name != PREFIX)


def path_of(variable: str, known: Mapping[str, Node]) -> tuple[str, ...]:
    """The path of the setting behind a variable.

    A level is looked for in the table, then in `known` (what the files have set, such as the names of modalities), else
    made up in CamelCase.
    """
    path: list[str] = []
    here: Mapping[str, Node] = known
    for level in variable.removeprefix(PREFIX).split("__"):
        name = _nearest(level, {*_children(path), *here})
        path.append(name)
        node = here.get(name)
        here = node.value if node is not None and isinstance(node.value, dict) else {}
    if len(path) > _DEEPEST or "" in path:
        raise ConfigError(f"{variable}: no name of a setting. Write one like ORTHANC__DICOM_WEB__ROOT.")
    return tuple(path)


def _children(path: Iterable[str]) -> Set[str]:
    start = "".join(f"{level}." for level in path)
    return {name.removeprefix(start).partition(".")[0] for name in TABLE if name.startswith(start)}


def _nearest(level: str, names: Set[str]) -> str:
    squashed = _squashed(level)
    for name in sorted(names):
        if _squashed(name) == squashed:
            return name
    return "".join(word.capitalize() for word in level.split("_"))


def _squashed(name: str) -> str:
    return name.replace("_", "").lower()


def node_of(variable: str, text: str, path: tuple[str, ...], folder: Path) -> Node:
    """The value of a variable: JSON when it can be read as JSON, else text.

    Where a text is expected, only JSON in quotes counts as JSON: a name may be 007.
    """
    origin = Origin(variable, folder)
    setting = TABLE.get(".".join(path))
    try:
        node = read_json(text.encode(), label=variable, folder=folder, variables={}, warn=lambda _: None)
    except ConfigError:
        return Node(text, origin)
    if setting is not None and setting.kind.type_name in _TEXTUAL and not isinstance(node.value, str):
        return Node(text, origin)
    return _unlined(node, origin)


def planted_at(path: tuple[str, ...], node: Node) -> Node:
    """The tree that holds one value at a path."""
    for level in reversed(path):
        node = Node({level: node}, node.origin)
    return node


def _unlined(node: Node, origin: Origin) -> Node:
    if isinstance(node.value, dict):
        return Node({key: _unlined(member, origin) for key, member in node.value.items()}, origin)
    if isinstance(node.value, list):
        return Node([_unlined(item, origin) for item in node.value], origin)
    return Node(node.value, origin)
