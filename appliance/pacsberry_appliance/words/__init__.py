"""What the box says to people, in English, French and German: values first, text last."""

from pacsberry_appliance.words.message import LANGUAGES, Message, say

__all__ = ["LANGUAGES", "Message", "say"]
