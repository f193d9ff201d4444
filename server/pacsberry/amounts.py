"""Amounts for people: counts of things, bytes, times."""

_UNITS = ("B", "KB", "MB", "GB", "TB")
_MEGABYTE = 2**20


def size(amount: float) -> str:
    """Bytes for people: '1.5 GB'."""
    unit = 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount /= 1000
        unit += 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:.1f} {_UNITS[unit]}"


def counted(number: int, noun: str) -> str:
    """How many there are of something: '1 patient', '3 studies', '0 series'."""
    if number == 1 or noun.endswith("s"):
        return f"{number} {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """A time for people: '8 s', '3 min 20 s', '2 h 5 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def megabytes(size: int) -> str:
    """Bytes in the unit of Orthanc's settings, whose MB are 2^20 bytes: '1 234 MB', '0.1 MB'; never less than it is."""
    if size >= 10 * _MEGABYTE:
        return f"{-(-size // _MEGABYTE):,} MB".replace(",", " ")
    return f"{-(-size * 10 // _MEGABYTE) / 10:.1f} MB"
