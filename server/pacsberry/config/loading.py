"""From files, folders, variables and secrets to Settings.

1. read: every source becomes a tree of nodes that know their line;
2. merge: strictly (command line) or leniently (containers);
3. name: each key is looked up in the table, wrong spellings and unknown keys are noted;
4. check: each value is turned into its type, or the start ends with a ConfigError.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pacsberry.config import variables as env
from pacsberry.config.kinds import File, members
from pacsberry.config.merging import merged_leniently, merged_strictly
from pacsberry.config.node import Json, Node, Origin, planted
from pacsberry.config.settings import CONTAINER_DEFAULT, DEFAULT, Settings, Value
from pacsberry.config.sources import files_of, read_all, read_file, read_secret
from pacsberry.config.table import SECTIONS, TABLE, Setting
from pacsberry.errors import ConfigError

CONTAINER_FOLDER = Path("/etc/orthanc")
SECRETS_FOLDER = Path("/run/secrets")
_USERS_FILE = "Pacsberry.UsersFile"
_TOP_LEVEL = {name.partition(".")[0] for name in TABLE}


def load(
    paths: Sequence[Path] = (),
    *,
    folder: Path,
    environ: Mapping[str, str],
    layered: bool = False,
    secrets: Path = SECRETS_FOLDER,
    options: Mapping[str, tuple[str, Json]] | None = None,
) -> Settings:
    """The settings of one run; raises ConfigError.

    `folder` is the working directory. `environ` fills ${VARIABLES}; with `layered`, it and the folder `secrets` also
    hold settings, and without paths CONTAINER_FOLDER is read when it is there. `options` are settings of the command
    line, {name: (option, value)}: they win over everything.
    """
    notes: list[str] = []
    if layered and not paths and CONTAINER_FOLDER.is_dir():
        paths = (CONTAINER_FOLDER,)
    files = read_all([folder / path for path in paths], variables=environ, warn=notes.append)
    parts = [node for _, node in files]
    if layered:
        root = _layered(parts, environ, secrets, folder, notes)
    else:
        root = merged_strictly(parts)
        notes += [f"{name} is set, but variables are settings only with --layered." for name in _settings_in(environ)]
    given = _named(root, notes)
    for name, (option, value) in (options or {}).items():
        given[name] = planted(value, Origin(option, folder))
    _add_users_file(given, environ, notes)
    default_folder = files[0][0].absolute().parent if files else folder
    values = _values(given, default_folder, layered, notes)
    return Settings(values, tuple(notes), tuple(path for path, _ in files))


def _layered(
    parts: list[Node], environ: Mapping[str, str], secrets: Path, folder: Path, notes: list[str]
) -> dict[str, Node]:
    if secrets.is_dir():
        parts += [node for _, node in read_all([secrets], variables=environ, warn=lambda _: None)]
    texts = {name: text for name, text in environ.items() if name == env.WHOLE_DOCUMENT}
    texts |= {name: environ[name] for name in _settings_in(environ) if not name.endswith(env.SECRET_SUFFIX)}
    texts |= {path.name: read_secret(path) for path in files_of(secrets) if env.is_variable(path.name)}
    for name in sorted(environ):
        variable = name.removesuffix(env.SECRET_SUFFIX)
        if variable != name and env.is_variable(variable):
            texts[variable] = read_secret(secrets / environ[name])
    for variable, text in texts.items():
        known = merged_leniently(parts, lambda _: None)
        path = () if variable == env.WHOLE_DOCUMENT else env.path_of(variable, known)
        node = env.node_of(variable, text, path, folder)
        if not path and not isinstance(node.value, dict):
            raise ConfigError(f"{variable}: found no JSON object. It has to hold a whole configuration.")
        parts.append(env.planted_at(path, node))
    notes += [
        f"{name} is ignored: Pacsberry has no such plugin to switch and runs no scripts."
        for name in sorted(environ)
        if name.endswith("_PLUGIN_ENABLED") or name == "BEFORE_ORTHANC_STARTUP_SCRIPT"
    ]
    return merged_leniently(parts, notes.append)


def _settings_in(environ: Mapping[str, str]) -> list[str]:
    return sorted(name for name in environ if env.is_variable(name) and name != env.WHOLE_DOCUMENT)


def _named(root: Mapping[str, Node], notes: list[str]) -> dict[str, Node]:
    given: dict[str, Node] = {}
    for key, node in root.items():
        inner = members(node, key) if key in SECTIONS else None
        dotted = {key: node} if inner is None else {f"{key}.{name}": member for name, member in inner.items()}
        for name, member in dotted.items():
            if name not in TABLE or (inner is None and "." in name):
                notes.append(_unknown(name, member.origin, TABLE if inner is not None else _TOP_LEVEL))
            else:
                given[name] = member
    for name in [name for name in given if TABLE[name].alias_of]:
        right, node = TABLE[name].alias_of, given.pop(name)
        if right in given:
            notes.append(f"{name} ({node.origin}) is ignored: {right} is set, too.")
        else:
            notes.append(f"{name} ({node.origin}) {TABLE[name].becomes}.")
            given[right] = node
    return given


def _unknown(name: str, origin: Origin, names: Iterable[str]) -> str:
    import difflib

    lower = {known.lower(): known for known in names}
    near = difflib.get_close_matches(name.lower()[:80], lower, n=1, cutoff=0.75)
    hint = f'; did you mean "{lower[near[0]]}"?' if near else "."
    return f'Unknown setting "{name[:80]}" ({origin}) is ignored{hint}'


def _add_users_file(given: dict[str, Node], environ: Mapping[str, str], notes: list[str]) -> None:
    node = given.get(_USERS_FILE)
    path = None if node is None else File(empty=True).read(node, _USERS_FILE, notes.append)
    if node is None or path is None:
        return
    if not path.exists():
        given.setdefault("RegisteredUsers", planted({}, node.origin))  # the first account is made on the sign-in page
        return
    content = members(read_file(path, variables=environ, warn=notes.append), str(path))
    section = members(content.pop("Pacsberry"), "Pacsberry") if "Pacsberry" in content else {}
    if set(content) != {"RegisteredUsers"} or not set(section) <= {"UserRoles"}:
        raise ConfigError(f"{path}: expected RegisteredUsers and nothing else, as `pacsberry user` writes it.")
    if path.stat().st_mode & 0o077:
        notes.append(f"{path} holds accounts and can be read by others. Close it with: chmod 600 {path}")
    _merge(given, "RegisteredUsers", content["RegisteredUsers"], "user")
    if "UserRoles" in section:
        _merge(given, "Pacsberry.UserRoles", section["UserRoles"], "role of the user")


def _merge(given: dict[str, Node], setting: str, added: Node, what: str) -> None:
    """Add the members of an object to what a setting holds; nothing may be there twice."""
    merged = dict(members(added, setting))
    if setting in given:
        for name, member in members(given[setting], setting).items():
            if name in merged:
                both = f"{member.origin} and again in {merged[name].origin}"
                raise ConfigError(f"The {what} {name[:80]!r} is set in {both}.")
            merged[name] = member
    given[setting] = Node(merged, added.origin)


def _values(given: Mapping[str, Node], folder: Path, layered: bool, notes: list[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, setting in TABLE.items():
        if setting.alias_of:
            continue
        node = given.get(name)
        if node is not None:
            values[name] = _read(setting, node, notes, is_set=True)
            if setting.becomes:
                notes.append(f"{name} ({node.origin}) is accepted: it {setting.becomes}.")
        elif layered and setting.container is not None:
            values[name] = _read(setting, planted(setting.container, Origin(CONTAINER_DEFAULT, folder)), notes)
        elif setting.default is not None:
            values[name] = _read(setting, planted(setting.default, Origin(DEFAULT, folder)), notes)
        elif not setting.same_as:
            values[name] = Value(None, None, DEFAULT, is_set=False)
    for name, setting in TABLE.items():
        if name not in values and not setting.alias_of:
            other = values[setting.same_as]
            values[name] = Value(other.value, other.plain, f"as {setting.same_as}", is_set=False)
    return values


def _read(setting: Setting, node: Node, notes: list[str], *, is_set: bool = False) -> Value:
    value = setting.kind.read(node, setting.name, notes.append)
    plain = str(value) if isinstance(value, Path) else node.plain()
    return Value(value, plain, str(node.origin), is_set)
