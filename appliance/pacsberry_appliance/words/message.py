"""A message: which sentence, and the values in it. It becomes text when it is shown, in the reader's language."""

from dataclasses import dataclass, field

from pacsberry_appliance.words.sentences import SENTENCES

LANGUAGES = ("en", "fr", "de")


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the catalogue and its values, which are plain text."""

    key: str
    values: dict[str, str] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """The sentence, in English for a language we do not have."""
        sentence = SENTENCES[self.key]
        return sentence[LANGUAGES.index(language) if language in LANGUAGES else 0].format_map(self.values)


def say(key: str, /, **values: object) -> Message:
    """A message with its values."""
    return Message(key, {name: _printable(str(value)) for name, value in values.items()})


def _printable(text: str) -> str:
    # Values come from files anybody may have written, and go to a console: no control character gets through.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)[:200]
