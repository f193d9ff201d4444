"""What a thing may be after a cut follows from what was asked before it and what was answered."""

import time

from tests.power.ledger import Ledger


def test_the_last_answer_counts_and_what_was_asked_since_may() -> None:
    ledger = Ledger()
    first = ledger.wish("label", "a", "one")
    first.told()
    second = ledger.wish("label", "a", "two")
    third = ledger.wish("label", "a", None)
    third.told()

    assert ledger.allowed("label", "a", first.begun_ns) == {None}
    assert ledger.allowed("label", "a", first.told_ns) == {None, "one"}
    assert ledger.allowed("label", "a", second.begun_ns) == {"one"}
    assert ledger.allowed("label", "a", third.told_ns) == {"one", "two", None}
    assert ledger.allowed("label", "a", third.told_ns + 1) == {None}
    assert ledger.told_moments() == [first.told_ns, third.told_ns]


def test_things_are_told_by_their_kind() -> None:
    ledger = Ledger()
    ledger.wish("label", "a", "there")
    ledger.wish("instance", "b", "0")

    assert ledger.things("label") == ["a"]
    assert ledger.allowed("instance", "a", 2**62) == {None}


def test_a_thing_is_steady_while_nothing_is_asked_of_it() -> None:
    ledger = Ledger()
    before = time.monotonic_ns()
    wish = ledger.wish("label", "a", "there")
    asked = time.monotonic_ns()
    wish.told()
    after = time.monotonic_ns()

    assert ledger.is_steady("label", "a", after, after + 1)
    assert ledger.is_steady("label", "a", before - 1, before)
    assert not ledger.is_steady("label", "a", before, after)
    assert not ledger.is_steady("label", "a", asked, after)
