"""The code for the first account: good once, typed as people type, and not to be guessed."""

from collections.abc import Callable

import pytest

from pacsberry.auth.setup_code import SetupCode

HERE = "192.168.4.20"


def redeem(code: SetupCode, given: str, address: str = HERE) -> bool:
    return code.redeem(given, address, lambda: None)


def test_the_code_is_good_once() -> None:
    code = SetupCode()
    made: list[str] = []
    shown = code.code
    assert shown is not None

    assert code.redeem(shown, HERE, lambda: made.append("first"))
    assert not code.redeem(shown, HERE, lambda: made.append("second"))

    assert made == ["first"]
    assert code.code is None


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:5]} {code[6:]} "]
)
def test_it_is_taken_as_people_type_it(typed: Callable[[str], str]) -> None:
    code = SetupCode()

    assert redeem(code, typed(code.code or ""))


def test_two_codes_are_not_the_same_and_look_like_no_other_letters() -> None:
    codes = {SetupCode().code or "" for _ in range(200)}

    assert len(codes) == 200
    assert not set("".join(codes)) & set("0O1IL")


def test_whoever_guesses_is_held_for_a_minute() -> None:
    now = [0.0]
    code = SetupCode(monotonic=lambda: now[0])
    right = code.code or ""
    for _ in range(5):
        assert not redeem(code, "WRONG-WRONG")

    assert not redeem(code, right)
    assert not redeem(code, "\udcff")
    now[0] = 61.0
    assert redeem(code, right)


def test_when_the_account_cannot_be_made_the_code_stays_good() -> None:
    code = SetupCode()
    right = code.code or ""

    def fail() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        code.redeem(right, HERE, fail)

    assert redeem(code, right)
