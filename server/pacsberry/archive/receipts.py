"""Who brought a file, as one line beside the file: 'origin|ip|calling AET|called AET|user'.

Read by recovery and by a rebuild of the index; see filestore.Spool.note_receipt.
"""

from pacsberry.model import Origin, Receipt

_ORIGINS = {origin.value: origin for origin in Origin}


def receipt_text(receipt: Receipt) -> str:
    """One line; a bar inside a value becomes a blank."""
    fields = (receipt.origin.value, receipt.remote_ip, receipt.remote_aet, receipt.called_aet, receipt.http_username)
    return "|".join(field.replace("|", " ") for field in fields)


def receipt_of(text: str) -> Receipt:
    """The receipt a line stands for; without a readable line, one of unknown sender."""
    fields = text.split("|")
    if len(fields) != 5 or fields[0] not in _ORIGINS:
        return Receipt(Origin.DICOM)
    origin, remote_ip, remote_aet, called_aet, http_username = fields
    return Receipt(_ORIGINS[origin], remote_ip, remote_aet, called_aet, http_username)
