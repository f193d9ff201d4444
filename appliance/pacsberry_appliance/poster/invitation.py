"""What somebody has to know to get to the box, and the text of the code that joins its Wi-Fi."""

from dataclasses import dataclass

_WITH_A_MEANING = str.maketrans({character: "\\" + character for character in '\\;,:"'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Values for a poster."""

    box: str
    language: str
    site: str  # in full, with http://
    address: str = ""  # the same by number, which works on every device
    wifi_name: str = ""  # empty: there is no Wi-Fi of the box
    wifi_password: str = ""

    @property
    def joining(self) -> str:
        """The content of the QR code that joins the Wi-Fi, as Android and iOS 11 and later read it."""
        name, password = (text.translate(_WITH_A_MEANING) for text in (self.wifi_name, self.wifi_password))
        return f"WIFI:T:WPA;S:{name};P:{password};;"

    @property
    def opening(self) -> str:
        """The content of the QR code that opens the page: by number, which needs no name service."""
        return self.address or self.site
