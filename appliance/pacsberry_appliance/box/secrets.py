"""Passwords made on the box, so that no two boxes and no image have the same one.

Easy to type on a tablet: small letters and digits, without those that look alike, in groups.
"""

import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # 31, without i l o 0 1: 4.95 bits each


def wifi_password() -> str:
    """59 bits: WPA2 hashes it 4096 times, which no school's pupil gets through."""
    return _groups(3)


def admin_password() -> str:
    """79 bits."""
    return _groups(4)


def wifi_name() -> str:
    """A name that tells two boxes in one building apart."""
    return f"Pacsberry {''.join(secrets.choice(_LETTERS) for _ in range(3)).upper()}"


def _groups(count: int) -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(count))
