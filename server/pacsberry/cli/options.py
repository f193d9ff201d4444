"""What `pacsberry serve` was asked, as a value that survives the replacement of the process image."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pacsberry.cli.logs import LogOptions
from pacsberry.config import Settings, load
from pacsberry.config.loading import SECRETS_FOLDER
from pacsberry.errors import ConfigError

_TRUE = ("true", "1", "yes")
_FALSE = ("false", "0", "no", "")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of one start; paths are as the user typed them."""

    paths: tuple[str, ...] = ()
    layered: bool = False
    secrets: str = str(SECRETS_FOLDER)
    settings: Mapping[str, tuple[str, Any]] = field(default_factory=dict)  # {setting: (option, value)}
    log: LogOptions = field(default_factory=LogOptions)
    demo: bool = False
    no_jobs: bool = False
    upgrade: bool = False

    def load(self) -> Settings:
        """The settings these options lead to; raises ConfigError."""
        return load(
            [Path(path) for path in self.paths],
            folder=Path.cwd(),
            environ=os.environ,
            layered=self.layered,
            secrets=Path(self.secrets),
            options=self.settings,
        )

    def to_json(self) -> str:
        """The options as one argument of a command."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "ServeOptions":
        """What `to_json` was called on."""
        fields = json.loads(text)
        log = fields.pop("log")
        settings = {name: (option, value) for name, (option, value) in fields.pop("settings").items()}
        log["levels"] = tuple(log["levels"])
        fields["paths"] = tuple(fields["paths"])
        return cls(**fields, settings=settings, log=LogOptions(**log))


def with_container_variables(options: ServeOptions, environ: Mapping[str, str]) -> ServeOptions:
    """The options completed by the variables of the container images; what the command line says wins."""
    from dataclasses import replace

    log = options.log
    levels = log.levels
    if not levels and _is_true(environ, "TRACE_ENABLED"):
        levels = ("trace",)
    elif not levels and _is_true(environ, "VERBOSE_ENABLED"):
        levels = ("verbose",)
    file, folder = log.file, log.folder
    if not file and not folder:
        file, folder = environ.get("LOGFILE", ""), environ.get("LOGDIR", "")
        if file and folder:
            raise ConfigError("LOGFILE and LOGDIR are both set: set one of them.")
    return replace(
        options,
        log=replace(log, levels=levels, file=file, folder=folder),
        no_jobs=options.no_jobs or _is_true(environ, "NO_JOBS"),
    )


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip().lower()
    if value not in (*_TRUE, *_FALSE):
        raise ConfigError(f"{name} is {value[:40]!r}, expected true or false.")
    return value in _TRUE
