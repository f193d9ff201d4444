"""What somebody has to know to get to the box, and the text of the code that joins its Wi-Fi."""

from dataclasses import dataclass

_WITH_A_MEANING = str.maketrans({character: "\\" + character for character in '\\;,:"'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Values for a poster."""

    box: str
    language: str
    link: str  # where the code and the link lead: the server itself, by number where it has one that works everywhere
    site: str  # to be typed, with http://, because a browser may search for anything shorter; the portal shows the way
    address: str = ""  # the same by number
    wifi_name: str = ""  # empty: there is no Wi-Fi of the box
    wifi_password: str = ""

    @property
    def joining(self) -> str:
        """The content of the QR code that joins the Wi-Fi, as Android and iOS 11 and later read it."""
        name, password = (text.translate(_WITH_A_MEANING) for text in (self.wifi_name, self.wifi_password))
        return f"WIFI:T:WPA;S:{name};P:{password};;"
