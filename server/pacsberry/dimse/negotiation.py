"""Which presentation contexts of a proposal we accept, and in which transfer syntax (PS3.7 D.3, PS3.8 7.1.1.13).

Pure: a proposal in, an answer out.  Verification and query/retrieve have our order of transfer syntaxes; storage
has the peer's, because what it names first is usually how the object is stored there, and we keep it as it comes.
Where the peer will be the one who receives (C-GET), a syntax that such objects are kept in comes before the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

VERIFICATION = "1.2.840.10008.1.1"
PATIENT_ROOT_FIND, PATIENT_ROOT_MOVE, PATIENT_ROOT_GET = (f"1.2.840.10008.5.1.4.1.2.1.{n}" for n in (1, 2, 3))
STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
SERVICES = frozenset(
    (
        VERIFICATION,
        PATIENT_ROOT_FIND,
        PATIENT_ROOT_MOVE,
        PATIENT_ROOT_GET,
        STUDY_ROOT_FIND,
        STUDY_ROOT_MOVE,
        STUDY_ROOT_GET,
    )
)
SERVICE_SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2")  # in our order
_STANDARD = "1.2.840.10008."
_STANDARD_STORAGE = "1.2.840.10008.5.1.4.1.1."

ACCEPTED = 0  # results, PS3.8 table 9-18
ABSTRACT_SYNTAX_REFUSED = 3
TRANSFER_SYNTAXES_REFUSED = 4


@dataclass(frozen=True, slots=True)
class Proposed:
    """A presentation context as the peer proposes it."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a proposed context; the transfer syntax of a refused one means nothing."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    result: int


@dataclass(frozen=True, slots=True)
class Roles:
    """Whether the requestor is SCU and SCP of a SOP class (PS3.7 D.3.3.4)."""

    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class StorageRules:
    """What may be stored, as configured now."""

    sop_classes: frozenset[str]
    known_sop_classes: frozenset[str]
    transfer_syntaxes: frozenset[str]
    unknown_accepted: bool = False
    kept: frozenset[tuple[str, str]] = frozenset()  # (SOP class, transfer syntax) pairs of what is in the archive

    def accepts(self, sop_class_uid: str) -> bool:
        """Whether objects of this class may be stored here.

        Unknown classes are private ones and storage classes younger than our table; never another service.
        """
        if sop_class_uid in self.sop_classes:
            return True
        if not self.unknown_accepted or sop_class_uid in self.known_sop_classes or sop_class_uid in SERVICES:
            return False
        return sop_class_uid.startswith(_STANDARD_STORAGE) or not sop_class_uid.startswith(_STANDARD)


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The answers, in the order of the proposal, and the roles to answer with."""

    answers: list[Answer]
    roles: dict[str, Roles] = field(default_factory=dict)


def negotiate(proposed: Iterable[Proposed], roles: Mapping[str, Roles], rules: StorageRules) -> Negotiated:
    """Answer a proposal: its contexts, and its role selections by SOP class."""
    answers: list[Answer] = []
    seen: set[int] = set()
    agreed: dict[str, Roles] = {}
    for context in proposed:
        if context.context_id in seen:  # its id must be its own (PS3.8 9.3.2.2); the first one stands
            continue
        seen.add(context.context_id)
        asked = roles.get(context.abstract_syntax)
        answer = _answer(context, rules, is_receiver=asked is not None and asked.scp)
        answers.append(answer)
        if asked is not None and answer.result == ACCEPTED:
            # C-GET needs the peer as SCP of storage; of a query it can only be the SCU.
            is_service = context.abstract_syntax in SERVICES
            agreed[context.abstract_syntax] = Roles(asked.scu, False) if is_service else asked
    return Negotiated(answers, agreed)


def _answer(context: Proposed, rules: StorageRules, *, is_receiver: bool) -> Answer:
    offered = context.transfer_syntaxes
    if context.abstract_syntax in SERVICES:
        chosen = [syntax for syntax in SERVICE_SYNTAXES if syntax in offered]
    elif rules.accepts(context.abstract_syntax):
        chosen = [syntax for syntax in offered if syntax in rules.transfer_syntaxes]
        if is_receiver:
            chosen.sort(key=lambda syntax: (context.abstract_syntax, syntax) not in rules.kept)
    else:
        return _refused(context, ABSTRACT_SYNTAX_REFUSED)
    if not chosen:
        return _refused(context, TRANSFER_SYNTAXES_REFUSED)
    return Answer(context.context_id, context.abstract_syntax, chosen[0], ACCEPTED)


def _refused(context: Proposed, result: int) -> Answer:
    # The answer has to name one, which means nothing (PS3.8 9.3.3.2).
    named = next(filter(None, context.transfer_syntaxes), SERVICE_SYNTAXES[-1])
    return Answer(context.context_id, context.abstract_syntax, named, result)
