"""What had to be said in this boot, kept below /run: one part is known before the network, the rest after."""

import json

from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.words import Message
from pacsberry_appliance.words.sentences import SENTENCES

_LARGEST_BYTES = 256 << 10


def save(places: Places, remarks: tuple[Message, ...]) -> None:
    """Keep them until the next boot."""
    content = [{"key": remark.key, "values": remark.values} for remark in remarks]
    files.replace(places.run / "remarks.json", json.dumps(content, ensure_ascii=False) + "\n", mode=0o640)


def load(places: Places) -> tuple[Message, ...]:
    """What was kept; nothing when there is nothing that can be read."""
    raw = files.read_small(places.run / "remarks.json", _LARGEST_BYTES)
    try:
        content = json.loads(raw or b"[]")
        return tuple(
            Message(item["key"], {str(name): str(value) for name, value in item["values"].items()})
            for item in content
            if item["key"] in SENTENCES
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()
