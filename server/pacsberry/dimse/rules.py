"""Who may associate with us and who may ask what (the Dicom* and Allow* settings).

Pure functions: the configured modalities, the peer and the question in; None, or the reason to refuse, out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from pacsberry.modality import Modality


class Service(Enum):
    """What a peer can be allowed; the value is the name of the setting without its prefix."""

    ECHO = "Echo"
    STORE = "Store"
    FIND = "Find"
    FIND_WORKLIST = "FindWorklist"
    GET = "Get"
    MOVE = "Move"


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of an association, and whom it called."""

    aet: str
    ip: str
    called_aet: str

    def __str__(self) -> str:
        return f"{self.aet}@{self.ip}"


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The settings that do not change while the server runs."""

    aet: str  # DicomAet
    check_called_aet: bool = False  # DicomCheckCalledAet
    always_allow: frozenset[Service] = frozenset((Service.ECHO, Service.STORE))  # DicomAlwaysAllow*
    check_modality_host: bool = False  # DicomCheckModalityHost
    strict_aet_comparison: bool = False  # StrictAetComparison


@dataclass(frozen=True, slots=True)
class Rejection:
    """The three numbers of an A-ASSOCIATE-RJ (PS3.8 table 9-21), and words for the log."""

    result: int
    source: int
    reason: int
    text: str


def refuse_association(rules: AccessRules, modalities: Mapping[str, Modality], peer: Peer) -> Rejection | None:
    """Whether this association is rejected before anything is asked."""
    if rules.check_called_aet and not _same(peer.called_aet, rules.aet, rules):
        return Rejection(1, 1, 7, f"it called {peer.called_aet!r}, we are {rules.aet!r} (DicomCheckCalledAet)")
    if not rules.always_allow and not _named(rules, modalities.values(), peer.aet):
        return Rejection(1, 1, 3, "its AE title is not in DicomModalities and nothing is allowed to everybody")
    return None


def refuse_service(rules: AccessRules, modalities: Mapping[str, Modality], peer: Peer, service: Service) -> str | None:
    """Why this peer may not use this service; None when it may."""
    if service in rules.always_allow:
        return None
    named = _named(rules, modalities.values(), peer.aet)
    if not named:
        return f"its AE title is not in DicomModalities and DicomAlwaysAllow{service.value} is false"
    if rules.check_modality_host:
        named = [modality for modality in named if modality.host == peer.ip]
        if not named:
            return "its address is not the Host of a modality of that AE title (DicomCheckModalityHost)"
    # Several modalities may share one title; without their addresses the most careful of them decides.
    refusing = [modality for modality in named if not getattr(modality, _FLAGS[service])]
    if refusing:
        return f"Allow{service.value} is false for modality {refusing[0].name!r}"
    return None


def modality_of(rules: AccessRules, modalities: Mapping[str, Modality], aet: str) -> Modality | None:
    """The modality with this AE title, the first one by name when several share it."""
    return min(_named(rules, modalities.values(), aet), key=lambda modality: modality.name, default=None)


_FLAGS = {
    Service.ECHO: "allow_echo",
    Service.STORE: "allow_store",
    Service.FIND: "allow_find",
    Service.FIND_WORKLIST: "allow_find_worklist",
    Service.GET: "allow_get",
    Service.MOVE: "allow_move",
}


def _named(rules: AccessRules, modalities: Iterable[Modality], aet: str) -> list[Modality]:
    return [modality for modality in modalities if _same(modality.aet, aet, rules)]


def _same(one: str, other: str, rules: AccessRules) -> bool:
    """Leading and trailing spaces mean nothing in an AE title (PS3.5 6.2)."""
    one, other = one.strip(" "), other.strip(" ")
    return one == other if rules.strict_aet_comparison else one.upper() == other.upper()
