"""Passwords are kept as scrypt lines; a damaged line is never a plain password."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.auth.passwords import HashedPassword, hash_password, is_hashed, read_hashed
from pacsberry.errors import ConfigError


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=1, max_size=50))
def test_a_hashed_password_matches_itself_and_nothing_else(password: str) -> None:
    line = hash_password(password).to_line()

    kept = read_hashed(line, "alice")
    assert is_hashed(line)
    assert password not in line or len(password) < 4
    assert kept.matches(password)
    assert not kept.matches(password + "x")
    assert not kept.matches("")


def test_the_same_password_is_never_written_twice_the_same_way() -> None:
    assert hash_password("x").to_line() != hash_password("x").to_line()


def test_a_line_of_another_cost_can_be_read() -> None:
    # made with hashlib.scrypt(b"secret", salt=b"0123456789abcdef", n=1024, r=4, p=1, dklen=32)
    line = "$scrypt$ln=10,r=4,p=1$MDEyMzQ1Njc4OWFiY2RlZg$caN09yI2YvXlY0okW5QLTOoNMc0yYxFDCl/7SMyJzjE"

    assert read_hashed(line, "alice").matches("secret")


def test_a_password_that_is_no_text_is_merely_wrong() -> None:
    assert not hash_password("x").matches("\ud800")


@pytest.mark.parametrize(
    "line",
    [
        "$scrypt$",
        "$scrypt$ln=13,r=8,p=2$AAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=13,r=8,p=2$AAAAAAAAAAAAAAAAAAAAAA$short",
        "$scrypt$ln=31,r=8,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=20,r=99,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=13,r=0,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=13,r=8,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=13,r=8,p=99$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=13,r=8,p=2$AAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_a_damaged_or_monstrous_line_stops_the_start(line: str) -> None:
    assert is_hashed(line)
    with pytest.raises(ConfigError, match=r"RegisteredUsers\.alice"):
        read_hashed(line, "alice")


def test_the_parts_hold_no_password() -> None:
    assert "secret" not in repr(hash_password("secret"))
    assert isinstance(hash_password("secret"), HashedPassword)
