"""Clients of the bench end, one way or the other."""

import sys
import time
from pathlib import Path

import pytest

from tests.bench.failures import BenchFailure
from tests.bench.programs import find_program, run_program, run_together


def test_a_client_that_fails_is_a_reason_with_its_last_words() -> None:
    with pytest.raises(BenchFailure, match="sh ended with status 3: cannot connect"):
        run_program(["sh", "-c", "echo cannot connect; exit 3"], timeout_seconds=10)


def test_a_client_that_takes_too_long_is_stopped() -> None:
    begun = time.monotonic()

    with pytest.raises(BenchFailure, match="sleep took more than 0 s"):
        run_program(["sleep", "30"], timeout_seconds=0.2)

    assert time.monotonic() - begun < 10


def test_clients_started_together_run_side_by_side() -> None:
    finished = run_together([["sleep", "0.5"]] * 4, timeout_seconds=10)

    assert finished.seconds < 1.9


def test_a_client_finds_what_is_added_to_its_environment() -> None:
    assert run_program(["sh", "-c", "echo $TCP_NODELAY"], timeout_seconds=10, TCP_NODELAY="1").output == "1\n"


def test_programs_of_the_running_python_environment_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "sh").write_text("#!/bin/sh\n")
    (tmp_path / "sh").chmod(0o755)

    assert find_program("sh") in ("/usr/bin/sh", "/bin/sh")


def test_a_program_that_is_not_installed_is_a_reason() -> None:
    with pytest.raises(BenchFailure, match="no-such-program is not installed"):
        find_program("no-such-program")
