"""How Orthanc's JSON writes a moment."""

import time


def utc_text(seconds: int) -> str:
    """'YYYYMMDDTHHMMSS' in UTC, for seconds since 1970."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
