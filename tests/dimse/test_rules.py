"""Who may associate and who may ask what."""

from collections.abc import Iterable

import pytest

from pacsberry.dimse.rules import AccessRules, Peer, Service, modality_of, refuse_association, refuse_service
from pacsberry.modality import Modality

CT = Modality("ct", "CT1", "10.0.0.1", 104)
WORKSTATION = Modality("ws", "WS", "10.0.0.2", 104, allow_store=False, allow_move=False)
NOTHING = frozenset[Service]()


def configured(*modalities: Modality) -> dict[str, Modality]:
    return {modality.name: modality for modality in modalities}


def peer(aet: str = "CT1", ip: str = "10.0.0.1", called: str = "PACS") -> Peer:
    return Peer(aet, ip, called)


def rules(
    *, always: Iterable[Service] = NOTHING, called: bool = False, host: bool = False, strict: bool = False
) -> AccessRules:
    return AccessRules(
        "PACS",
        check_called_aet=called,
        always_allow=frozenset(always),
        check_modality_host=host,
        strict_aet_comparison=strict,
    )


@pytest.mark.parametrize(
    ("called", "check", "strict", "reason"),
    [
        ("PACS", True, True, None),
        ("  PACS ", True, True, None),
        ("pacs", True, False, None),
        ("pacs", True, True, 7),
        ("OTHER", True, False, 7),
        ("OTHER", False, False, None),
    ],
)
def test_the_called_title_matters_when_it_is_checked(
    called: str, check: bool, strict: bool, reason: int | None
) -> None:
    found = refuse_association(rules(called=check, strict=strict), configured(CT), peer(called=called))

    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(
    ("aet", "always", "reason"),
    [
        ("CT1", (), None),
        ("ct1", (), None),
        ("STRANGER", (), 3),
        ("STRANGER", (Service.ECHO,), None),  # it may ask for an echo, so it may associate
    ],
)
def test_strangers_are_rejected_only_when_nothing_is_open_to_everybody(
    aet: str, always: tuple[Service, ...], reason: int | None
) -> None:
    found = refuse_association(rules(always=always), configured(CT), peer(aet))

    assert (found.reason if found else None) == reason


@pytest.mark.parametrize("service", list(Service))
def test_what_is_open_to_everybody_is_not_looked_at_further(service: Service) -> None:
    assert refuse_service(rules(always=(service,), host=True), {}, peer("STRANGER"), service) is None


@pytest.mark.parametrize("service", list(Service))
def test_strangers_may_not_use_what_is_not_open_to_everybody(service: Service) -> None:
    others = set(Service) - {service}

    found = refuse_service(rules(always=others), configured(CT), peer("STRANGER"), service)

    assert found is not None
    assert f"DicomAlwaysAllow{service.value}" in found


@pytest.mark.parametrize(
    ("aet", "service", "is_allowed"),
    [
        ("WS", Service.FIND, True),
        ("WS", Service.STORE, False),
        ("WS", Service.MOVE, False),
        ("ws", Service.GET, True),
        ("CT1", Service.STORE, True),
    ],
)
def test_a_modality_may_do_what_its_flags_say(aet: str, service: Service, is_allowed: bool) -> None:
    found = refuse_service(rules(), configured(CT, WORKSTATION), peer(aet), service)

    assert (found is None) == is_allowed


def test_titles_differ_by_case_only_when_that_is_wanted() -> None:
    assert refuse_service(rules(strict=True), configured(CT), peer("ct1"), Service.STORE) is not None
    assert refuse_service(rules(strict=False), configured(CT), peer("ct1"), Service.STORE) is None


def test_the_address_matters_when_it_is_checked() -> None:
    wrong = peer(ip="10.0.0.9")

    assert refuse_service(rules(host=True), configured(CT), wrong, Service.STORE) is not None
    assert refuse_service(rules(host=True), configured(CT), peer(), Service.STORE) is None
    assert refuse_service(rules(host=False), configured(CT), wrong, Service.STORE) is None


def test_of_modalities_with_one_title_the_address_decides_when_it_is_checked() -> None:
    open_one = Modality("a", "SHARED", "10.0.0.1", 104)
    closed_one = Modality("b", "SHARED", "10.0.0.2", 104, allow_store=False)
    both = configured(open_one, closed_one)

    assert refuse_service(rules(host=True), both, peer("SHARED", "10.0.0.1"), Service.STORE) is None
    assert refuse_service(rules(host=True), both, peer("SHARED", "10.0.0.2"), Service.STORE) is not None


def test_of_modalities_with_one_title_all_must_be_allowed_when_addresses_are_not_checked() -> None:
    open_one = Modality("a", "SHARED", "10.0.0.1", 104)
    closed_one = Modality("b", "SHARED", "10.0.0.2", 104, allow_store=False)

    assert refuse_service(rules(), configured(open_one, closed_one), peer("SHARED"), Service.STORE) is not None
    assert refuse_service(rules(), configured(open_one), peer("SHARED"), Service.STORE) is None


def test_the_destination_of_a_move_is_found_by_its_title() -> None:
    assert modality_of(rules(), configured(CT, WORKSTATION), " ws ") == WORKSTATION
    assert modality_of(rules(strict=True), configured(CT, WORKSTATION), "ws") is None
