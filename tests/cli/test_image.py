"""The program `serve` becomes: which flags, which variables."""

import importlib.util
import sys
from pathlib import Path

import pytest

from pacsberry.cli import image
from pacsberry.cli.options import ServeOptions
from pacsberry.config import load


def plan(tmp_path: Path, environ: dict[str, str], *, optimized: bool = False) -> image.Image:
    return image.plan_image(ServeOptions(), load([], folder=tmp_path, environ={}), environ, optimized=optimized)


def test_it_is_our_interpreter_away_from_the_working_directory(tmp_path: Path) -> None:
    program = plan(tmp_path, {})

    assert program.arguments[:4] == (sys.executable, "-P", "-m", "pacsberry.cli.server")
    assert ServeOptions.from_json(program.arguments[4]) == ServeOptions()


def test_docstrings_are_left_out_only_when_everything_is_compiled_so(tmp_path: Path) -> None:
    assert "-OO" in plan(tmp_path, {}, optimized=True).arguments
    assert "-OO" not in plan(tmp_path, {}, optimized=False).arguments


def test_the_environment_is_kept_and_its_own_choices_win(tmp_path: Path) -> None:
    program = plan(tmp_path, {"HOME": "/x", "MALLOC_TRIM_THRESHOLD_": "1", "MALLOC_ARENA_MAX": "9"})

    assert program.environ == {
        "HOME": "/x",
        "MALLOC_TRIM_THRESHOLD_": "1",
        "MALLOC_MMAP_THRESHOLD_": "131072",
        "MALLOC_ARENA_MAX": "9",
    }


def test_one_module_that_is_not_compiled_is_enough_to_keep_docstrings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))

    def compiled(name: str) -> Path:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        return Path(importlib.util.cache_from_source(spec.origin, optimization=2))

    for name in image._PROBES:
        assert not image.is_compiled_for_oo()
        compiled(name).parent.mkdir(parents=True, exist_ok=True)
        compiled(name).touch()

    assert image.is_compiled_for_oo()


def test_a_module_that_is_not_installed_does_not_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_PROBES", ("no_such_module",))

    assert not image.is_compiled_for_oo()
