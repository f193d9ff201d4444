"""Sessions: found by their token only, proved by their page, ended by time, by sign-out and with their account."""

import gc

import pytest

from pacsberry.auth import Role, User
from pacsberry.auth import sessions as module
from pacsberry.auth.sessions import Sessions

ALICE = User("alice", Role.TEACHER)


class Time:
    """A clock that goes when it is told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_session_is_found_by_its_token_only() -> None:
    sessions = Sessions(seconds=60)
    token, begun = sessions.begin(ALICE)
    other, _ = sessions.begin(ALICE)

    assert sessions.find(token) == begun
    assert begun.user == ALICE
    assert token != other
    for wrong in ("", token[:-1], token + "x", "\udcff", begun.proof):
        assert sessions.find(wrong) is None


def test_a_change_is_proved_by_what_only_the_page_knows() -> None:
    token, session = Sessions(seconds=60).begin(ALICE)

    assert session.is_proved_by(session.proof)
    for wrong in ("", token, session.proof + "x", "\udcff"):
        assert not session.is_proved_by(wrong)


def test_a_session_ends_with_its_time() -> None:
    time = Time()
    sessions = Sessions(seconds=60, monotonic=time)
    token, _ = sessions.begin(ALICE)

    time.seconds = 59.9
    assert sessions.find(token)
    time.seconds = 60.0
    assert sessions.find(token) is None
    time.seconds = 0.0
    assert sessions.find(token) is None


def test_signing_out_ends_one_session_and_a_changed_account_all_of_it() -> None:
    sessions = Sessions(seconds=60)
    (first, _), (second, _), (bobs, _) = (sessions.begin(user) for user in (ALICE, ALICE, User("bob")))

    sessions.end(first)
    assert sessions.find(first) is None
    assert sessions.find(second)
    sessions.end_all("alice")

    assert sessions.find(second) is None
    assert sessions.find(bobs)
    sessions.end("never begun")


def test_a_crowd_pushes_the_oldest_session_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SESSIONS", 3)
    sessions = Sessions(seconds=60)

    tokens = [sessions.begin(ALICE)[0] for _ in range(4)]

    assert [sessions.find(token) is not None for token in tokens] == [False, True, True, True]


def test_no_token_lies_in_memory() -> None:
    sessions = Sessions(seconds=60)
    token, _ = sessions.begin(ALICE)
    raw = token.encode()

    gc.collect()
    assert not any(raw in one for one in gc.get_objects() if isinstance(one, bytes))
    assert token not in repr(vars(sessions))
