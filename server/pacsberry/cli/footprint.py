"""Which libraries this server does without; to be settled before the modules that would load them are imported."""

from pacsberry.config import Settings
from pacsberry.lean import leave_out


def leave_out_unused(settings: Settings) -> None:
    """Leave out what the settings do not need: OpenSSL perhaps; always what others would import by the way.

    pydicom imports numpy and requests, shutil bz2 and lzma.

    The first DICOM association brings ssl back, because pynetdicom cannot be imported without it.
    """
    leave_out("numpy", "requests", "bz2", "lzma")
    has_tls = settings.flag("SslEnabled") or settings.flag("DicomTlsEnabled")
    # OpenSSL computes scrypt, of accounts that `pacsberry user` wrote, and the faster MD5.
    has_hashed_users = any(text.startswith("$") for text in (settings.users or {}).values())
    may_have_them = has_hashed_users or settings["Pacsberry.UsersFile"] is not None
    if not has_tls:
        leave_out("ssl")
        if not may_have_them and not settings.flag("StoreMD5ForAttachments"):
            leave_out("_hashlib")
