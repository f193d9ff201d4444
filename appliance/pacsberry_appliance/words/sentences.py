"""All sentences: English, French, German. A test sees that each has its three forms, with the same values."""

from pacsberry_appliance.words.about_lines import ABOUT_LINES
from pacsberry_appliance.words.about_network import ABOUT_NETWORK
from pacsberry_appliance.words.about_the_box import ABOUT_THE_BOX

SENTENCES: dict[str, tuple[str, str, str]] = {**ABOUT_LINES, **ABOUT_NETWORK, **ABOUT_THE_BOX}
