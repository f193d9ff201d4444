"""Writes the table of settings down: as Markdown for CONFIGURATION.md, as a commented file to start from.

Both are made from the table alone, so neither can forget a setting.
"""

import json
import textwrap

from pacsberry.config.node import Json
from pacsberry.config.table import SECTIONS, TABLE, THEMES, Setting

BEGIN = "<!-- settings: made by `pacsberry config --markdown` -->"
END = "<!-- end of settings -->"


def markdown() -> str:
    """The tables of all settings, one for each theme, between two marks."""
    parts = [BEGIN]
    for theme in THEMES:
        parts.append(f"\n### {theme.title}\n")
        parts.append("| Setting | Type | Default | Meaning | What becomes of it |")
        parts.append("|---|---|---|---|---|")
        parts += [_row(setting) for setting in theme.settings]
    return "\n".join([*parts, "", END, ""])


def _row(setting: Setting) -> str:
    becomes = f"accepted: it {setting.becomes}" if setting.becomes else "honored"
    if setting.alias_of:
        becomes = f"taken as `{setting.alias_of}`"
    cells = (f"`{setting.name}`", setting.kind.type_name, _default(setting), setting.help, becomes)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(setting: Setting) -> str:
    if setting.same_as:
        default = f"as {setting.same_as}"
    elif setting.default is None:
        default = "unset"
    else:
        default = f"`{json.dumps(setting.default)}`"
    return default if setting.container is None else f"{default}; `--layered`: `{json.dumps(setting.container)}`"


def commented_defaults() -> str:
    """A configuration file with every setting at its default and its line of help.

    What has no effect today, or no default, is commented out.
    """
    lines = [
        "// Pacsberry reads this as JSON with comments. Every setting is at its default; keep only what you change.",
        "{",
    ]
    waiting: dict[str, list[Setting]] = {}
    for theme in THEMES:
        lines += ["", f"  // ---- {theme.title}"]
        for setting in theme.settings:
            section = setting.name.partition(".")[0]
            if section in SECTIONS:
                waiting.setdefault(section, []).append(setting)
            elif not setting.alias_of:
                lines += _entry(setting.name, setting, "  ")
        for section, settings in waiting.items():
            lines += ["", f"  {json.dumps(section)}: {{"]
            for setting in settings:
                if not setting.alias_of:
                    lines += _entry(setting.name.partition(".")[2], setting, "    ")
            lines += ["  },"]
        waiting.clear()
    return "\n".join([*lines, "}", ""])


def _entry(key: str, setting: Setting, indent: str) -> list[str]:
    text = setting.help + (f" Accepted: it {setting.becomes}." if setting.becomes else "")
    line = f"{json.dumps(key)}: {json.dumps(_sample(setting))},"
    commented = bool(setting.becomes) or setting.default is None
    help_lines = textwrap.wrap(text, 110 - len(indent), initial_indent=f"{indent}// ", subsequent_indent=f"{indent}// ")
    return ["", *help_lines, f"{indent}// {line}" if commented else f"{indent}{line}"]


def _sample(setting: Setting) -> Json:
    if setting.same_as:
        return TABLE[setting.same_as].default
    samples: dict[str, Json] = {"object": {}, "boolean": True, "path": "path", "integer": 0}
    return samples.get(setting.kind.type_name) if setting.default is None else setting.default
