"""What is accepted of a proposal, and what the answer says."""

import pytest

from pacsberry.dimse.negotiation import (
    ABSTRACT_SYNTAX_REFUSED,
    ACCEPTED,
    PATIENT_ROOT_FIND,
    STUDY_ROOT_FIND,
    TRANSFER_SYNTAXES_REFUSED,
    VERIFICATION,
    Proposed,
    Roles,
    StorageRules,
    negotiate,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
PRIVATE = "1.3.12.2.1107.5.9.1"
YOUNGER_STORAGE = "1.2.840.10008.5.1.4.1.1.9999"
PRINT = "1.2.840.10008.5.1.1.9"
IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"

RULES = StorageRules(
    sop_classes=frozenset((CT,)),
    known_sop_classes=frozenset((CT, MR)),
    transfer_syntaxes=frozenset((IMPLICIT, EXPLICIT, JPEG)),
)
PROMISCUOUS = StorageRules(
    sop_classes=RULES.sop_classes,
    known_sop_classes=RULES.known_sop_classes,
    transfer_syntaxes=RULES.transfer_syntaxes,
    unknown_accepted=True,
)


def answer(abstract: str, *syntaxes: str, rules: StorageRules = RULES) -> tuple[int, str]:
    (only,) = negotiate([Proposed(1, abstract, syntaxes)], {}, rules).answers
    assert (only.context_id, only.abstract_syntax) == (1, abstract)
    return only.result, only.transfer_syntax


@pytest.mark.parametrize("service", [VERIFICATION, PATIENT_ROOT_FIND, STUDY_ROOT_FIND])
@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((IMPLICIT, BIG_ENDIAN, EXPLICIT), EXPLICIT),
        ((IMPLICIT, BIG_ENDIAN), BIG_ENDIAN),
        ((JPEG, IMPLICIT), IMPLICIT),
    ],
)
def test_services_have_our_order_of_transfer_syntaxes(service: str, offered: tuple[str, ...], chosen: str) -> None:
    assert answer(service, *offered) == (ACCEPTED, chosen)


def test_storage_has_the_order_of_the_peer() -> None:
    assert answer(CT, JPEG, EXPLICIT) == (ACCEPTED, JPEG)
    assert answer(CT, BIG_ENDIAN, IMPLICIT, EXPLICIT) == (ACCEPTED, IMPLICIT)


def test_a_syntax_that_is_not_accepted_is_refused_as_such() -> None:
    assert answer(CT, BIG_ENDIAN)[0] == TRANSFER_SYNTAXES_REFUSED
    assert answer(VERIFICATION, JPEG)[0] == TRANSFER_SYNTAXES_REFUSED


def test_an_empty_list_of_syntaxes_disables_storage_only() -> None:
    nothing = StorageRules(RULES.sop_classes, RULES.known_sop_classes, frozenset())

    assert answer(CT, EXPLICIT, rules=nothing)[0] == TRANSFER_SYNTAXES_REFUSED
    assert answer(VERIFICATION, EXPLICIT, rules=nothing)[0] == ACCEPTED


@pytest.mark.parametrize("abstract", [MR, PRIVATE, YOUNGER_STORAGE, PRINT])
def test_classes_that_are_not_accepted_are_refused_as_such(abstract: str) -> None:
    assert answer(abstract, EXPLICIT)[0] == ABSTRACT_SYNTAX_REFUSED


@pytest.mark.parametrize(
    ("abstract", "result"),
    [
        (PRIVATE, ACCEPTED),
        (YOUNGER_STORAGE, ACCEPTED),
        (MR, ABSTRACT_SYNTAX_REFUSED),  # known, and refused by the configuration
        (PRINT, ABSTRACT_SYNTAX_REFUSED),  # another service of the standard
    ],
)
def test_unknown_classes_may_be_accepted_but_never_what_was_refused(abstract: str, result: int) -> None:
    assert answer(abstract, EXPLICIT, rules=PROMISCUOUS)[0] == result


def test_a_context_without_transfer_syntaxes_is_refused() -> None:
    assert answer(CT) == (TRANSFER_SYNTAXES_REFUSED, IMPLICIT)
    assert answer(PRINT) == (ABSTRACT_SYNTAX_REFUSED, IMPLICIT)
    assert answer(PRINT, "", JPEG) == (ABSTRACT_SYNTAX_REFUSED, JPEG)


def test_an_id_used_twice_is_answered_once() -> None:
    found = negotiate([Proposed(1, CT, (EXPLICIT,)), Proposed(1, VERIFICATION, (EXPLICIT,))], {}, RULES)

    assert [(a.context_id, a.abstract_syntax) for a in found.answers] == [(1, CT)]


def test_roles_are_taken_as_proposed_for_storage() -> None:
    asked = {CT: Roles(scu=False, scp=True), MR: Roles(scu=True, scp=True)}

    found = negotiate([Proposed(1, CT, (EXPLICIT,)), Proposed(3, MR, (EXPLICIT,))], asked, RULES)

    assert found.roles == {CT: Roles(scu=False, scp=True)}  # MR is refused, so nothing is said about it


def test_a_peer_that_will_receive_gets_the_syntax_objects_are_kept_in() -> None:
    rules = StorageRules(
        RULES.sop_classes, RULES.known_sop_classes, RULES.transfer_syntaxes, kept=frozenset({(CT, JPEG)})
    )
    proposed = [Proposed(1, CT, (IMPLICIT, EXPLICIT, JPEG)), Proposed(3, CT, (EXPLICIT, IMPLICIT))]

    receiving = negotiate(proposed, {CT: Roles(scu=False, scp=True)}, rules)
    sending = negotiate(proposed, {CT: Roles(scu=True, scp=False)}, rules)

    assert [a.transfer_syntax for a in receiving.answers] == [JPEG, EXPLICIT]
    assert [a.transfer_syntax for a in sending.answers] == [IMPLICIT, EXPLICIT]


def test_we_are_never_the_user_of_a_peers_query_service() -> None:
    found = negotiate([Proposed(1, STUDY_ROOT_FIND, (EXPLICIT,))], {STUDY_ROOT_FIND: Roles(True, True)}, RULES)

    assert found.roles == {STUDY_ROOT_FIND: Roles(scu=True, scp=False)}
