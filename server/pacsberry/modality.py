"""A remote DICOM node, and the two JSON forms Orthanc writes it in.

Used by the configuration (DicomModalities), by the DICOM door (who may do what) and by the REST routes below
/modalities, so it sits under all of them. Reading refuses what cannot be meant and reports what is merely old.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacsberry.errors import ConfigError

MANUFACTURERS = ("Generic", "GenericNoWildcardInDates", "GenericNoUniversalWildcard", "Vitrea", "GE", "SiemensSyngoCT")
RETRIEVE_METHODS = ("SystemDefault", "C-MOVE", "C-GET")

# Names of older releases, and the name that has the same effect today.
_OLD_MANUFACTURERS = {
    "AgfaImpax": "GenericNoWildcardInDates",
    "SyngoVia": "GenericNoWildcardInDates",
    "EFilm2": "Generic",
    "MedInria": "Generic",
    "ClearCanvas": "Generic",
    "Dcm4Chee": "Generic",
    "StoreScp": "Generic",
}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# PS3.5 6.2, VR AE: default repertoire without backslash and control characters, at most 16, not only spaces.
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")
_HOST = re.compile(r"[A-Za-z0-9_.:%\[\]-]{1,255}")
_LONGEST_TIMEOUT_SECONDS = 86400

_FLAGS = {
    "AllowEcho": "allow_echo",
    "AllowStore": "allow_store",
    "AllowFind": "allow_find",
    "AllowFindWorklist": "allow_find_worklist",
    "AllowGet": "allow_get",
    "AllowMove": "allow_move",
    "AllowNAction": "allow_n_action",
    "AllowEventReport": "allow_event_report",
    "AllowTranscoding": "allow_transcoding",
    "UseDicomTls": "use_dicom_tls",
}
_OTHERS = ("AET", "Host", "Port", "Manufacturer", "AllowStorageCommitment", "LocalAet", "Timeout", "RetrieveMethod")


@dataclass(frozen=True, slots=True)
class Modality:
    """One remote application entity: where it is, what it may ask of us, how we talk to it."""

    name: str
    aet: str
    host: str
    port: int
    manufacturer: str = "Generic"
    allow_echo: bool = True
    allow_store: bool = True
    allow_find: bool = True
    allow_find_worklist: bool = True
    allow_get: bool = True
    allow_move: bool = True
    allow_n_action: bool = True
    allow_event_report: bool = True
    allow_transcoding: bool = True
    use_dicom_tls: bool = False
    local_aet: str = ""  # empty: DicomAet
    timeout: int = 0  # seconds; 0: DicomScuTimeout
    retrieve_method: str = "SystemDefault"


def ae_title(text: object) -> str | None:
    """The title without its padding, or None when PS3.5 does not allow it."""
    if not isinstance(text, str):
        return None
    title = text.strip(" ")
    return title if _AE_TITLE.fullmatch(title) else None


def read_modality(name: str, value: object) -> tuple[Modality, tuple[str, ...]]:
    """The modality of a JSON array or object, and what should be told about it; raises ConfigError.

    Array: [AET, host, port] or [AET, host, port, manufacturer]. Object: AET, Host and Port, and any of the others.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name for a modality: use 1 to 64 letters, digits, '-' and '_'.")
    if isinstance(value, list | tuple):
        if len(value) not in (3, 4):
            raise ConfigError(
                f"found {len(value)} items, expected [AET, host, port] or [AET, host, port, manufacturer]"
            )
        value = dict(zip(("AET", "Host", "Port", "Manufacturer"), value, strict=False))
    if not isinstance(value, Mapping):
        raise ConfigError(f"found {_shown(value)}, expected [AET, host, port, manufacturer] or an object")
    missing = [key for key in ("AET", "Host", "Port") if key not in value]
    if missing:
        raise ConfigError(f"{' and '.join(missing)} missing: AET, Host and Port are needed")
    return _from_object(name, value)


def _from_object(name: str, value: Mapping[str, Any]) -> tuple[Modality, tuple[str, ...]]:
    remarks: list[str] = []
    for key in value:
        if key not in _FLAGS and key not in _OTHERS:
            remarks.append(f"{key} is not a setting of a modality and is ignored")
    flags: dict[str, bool] = {}
    if "AllowStorageCommitment" in value:
        allowed = _flag(value, "AllowStorageCommitment")
        flags = {"allow_n_action": allowed, "allow_event_report": allowed}
    flags |= {field: _flag(value, key) for key, field in _FLAGS.items() if key in value}
    local_aet = value.get("LocalAet", "")
    return Modality(
        name=name,
        aet=_title(value["AET"], "AET"),
        host=_host(value["Host"]),
        port=_whole(value["Port"], "Port", 1, 65535),
        manufacturer=_manufacturer(value.get("Manufacturer", "Generic"), remarks),
        local_aet="" if local_aet == "" else _title(local_aet, "LocalAet"),
        timeout=_whole(value.get("Timeout", 0), "Timeout", 0, _LONGEST_TIMEOUT_SECONDS),
        retrieve_method=_one_of(value.get("RetrieveMethod", "SystemDefault"), "RetrieveMethod", RETRIEVE_METHODS),
        **flags,
    ), tuple(remarks)


def modality_json(modality: Modality) -> dict[str, object]:
    """The object form, complete: what GET /modalities/{name}/configuration shows."""
    shown: dict[str, object] = {
        "AET": modality.aet,
        "Host": modality.host,
        "Port": modality.port,
        "Manufacturer": modality.manufacturer,
    }
    shown |= {key: getattr(modality, field) for key, field in _FLAGS.items()}
    shown |= {
        "LocalAet": modality.local_aet,
        "Timeout": modality.timeout,
        "RetrieveMethod": modality.retrieve_method,
    }
    return shown


def _manufacturer(value: object, remarks: list[str]) -> str:
    if isinstance(value, str) and value in _OLD_MANUFACTURERS:
        today = _OLD_MANUFACTURERS[value]
        remarks.append(f"Manufacturer {value!r} is of an older release: taken as {today!r}")
        return today
    return _one_of(value, "Manufacturer", MANUFACTURERS)


def _title(value: object, key: str) -> str:
    title = ae_title(value)
    if title is None:
        raise ConfigError(
            f"{key} is {_shown(value)}, expected an AE title of 1 to 16 ASCII characters without backslash"
        )
    return title


def _host(value: object) -> str:
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise ConfigError(f"Host is {_shown(value)}, expected an address or a host name")
    return value


def _whole(value: object, key: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(f"{key} is {_shown(value)}, expected a whole number from {least} to {most}")
    return value


def _one_of(value: object, key: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ConfigError(f"{key} is {_shown(value)}, expected one of {', '.join(choices)}")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _flag(value: Mapping[str, Any], key: str) -> bool:
    flag = value[key]
    if not isinstance(flag, bool):
        raise ConfigError(f"{key} is {_shown(flag)}, expected true or false")
    return flag
