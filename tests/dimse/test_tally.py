"""Counting the sub-operations of C-MOVE and C-GET."""

from pacsberry.dicom.encoding import decode_identifier
from pacsberry.dimse.tally import Tally
from pacsberry.peers.commands import COMPLETED, FAILED, REMAINING, WARNING
from tests.makers import EXPLICIT


def test_what_is_left_is_counted_down() -> None:
    tally = Tally(3)

    tally.add_completed()
    tally.add_failed("1.2.3")

    assert tally.counts(is_last=False) == {REMAINING: 1, COMPLETED: 1, FAILED: 1, WARNING: 0}


def test_the_last_response_counts_what_is_left_only_after_a_cancel() -> None:
    tally = Tally(3, completed=1)
    assert REMAINING not in tally.counts(is_last=True)

    tally.is_cancelled = True
    assert tally.counts(is_last=True)[REMAINING] == 3


def test_the_status_sums_up() -> None:
    assert Tally(0, completed=5).status == 0x0000
    assert Tally(0, completed=4, failed=1).status == 0xB000
    assert Tally(0, failed=5).status == 0xA702
    assert Tally(3, completed=1, failed=1, is_cancelled=True).status == 0xFE00


def test_more_than_the_counts_can_say_is_said_as_the_most() -> None:
    assert Tally(100_000).counts(is_last=False)[REMAINING] == 0xFFFF


def test_instances_that_came_while_others_were_sent_do_not_make_the_rest_negative() -> None:
    tally = Tally(1)
    tally.add_completed()
    tally.add_completed()

    assert tally.counts(is_last=False)[REMAINING] == 0


def test_failures_are_named_as_far_as_the_element_can_hold_them() -> None:
    tally = Tally(5000)
    uids = [f"1.2.840.10008.123456789.123456789.123456789.123456789.{number:05}" for number in range(2000)]
    for uid in uids:
        tally.add_failed(uid)

    data = tally.identifier(EXPLICIT)

    assert data is not None
    named = decode_identifier(data, EXPLICIT)[0x00080058].text.split("\\")
    assert named == uids[: len(named)]
    assert len(named) >= 900


def test_without_failures_nothing_is_named() -> None:
    assert Tally(0, completed=1).identifier(EXPLICIT) is None
