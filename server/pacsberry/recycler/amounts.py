"""Amounts of bytes for people, in the unit of Orthanc's settings: its MB are 2^20 bytes."""

_MEGABYTE = 2**20


def megabytes(size: int) -> str:
    """'1 234 MB', '5.2 MB', '0.1 MB'; never less than it is."""
    if size >= 10 * _MEGABYTE:
        return f"{-(-size // _MEGABYTE):,} MB".replace(",", " ")
    return f"{-(-size * 10 // _MEGABYTE) / 10:.1f} MB"
