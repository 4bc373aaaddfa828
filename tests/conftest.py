"""Fixtures that every test may use: the command line in-process, and golden files."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from archcost import cli
from tests.cover import cover_report, cover_spec, zoo_models

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.report import Report
    from archcost.spec.model import Spec

# Tests run beside each other, so that one thread each is all there is: those of torch wait for each other in a loop.
os.environ["OMP_NUM_THREADS"] = "1"

gc.set_threshold(100_000)  # as a command does (cli.py): there are many objects and few cycles

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parent.parent

# The same examples on every run, or fresh ones and twenty times as many. No deadlines: other work makes a run slow.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("nightly", derandomize=False, deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files with what is printed now")
    parser.addoption("--all", action="store_true", help="run what is long, too, and every model where a few would do")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``zoo_model`` is a model of the cover, or of the whole zoo under ``--all``, in each run of a test another.

    A test that is marked ``few`` takes long for a model: of the cover it has a few short ones.
    """
    if "zoo_model" in metafunc.fixturenames:
        few = bool(metafunc.definition.get_closest_marker("few"))
        metafunc.parametrize("zoo_model", zoo_models(metafunc.config, few=few))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``long``: tests of what others test with less, on more subjects or larger ones."""
    if config.getoption("--all"):
        return
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if item.get_closest_marker("long") else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


@pytest.fixture
def zoo_spec(zoo_model: str, pytestconfig: pytest.Config) -> Spec:
    """A model of the cover, which may have fewer layers than in the zoo; under ``--all`` it has all."""
    return cover_spec(zoo_model, whole=pytestconfig.getoption("--all"))


@pytest.fixture
def cover_model(zoo_model: str, pytestconfig: pytest.Config) -> Report:
    """Its report. It is for reading: it is made once in a session."""
    return cover_report(zoo_model, whole=pytestconfig.getoption("--all"))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads what another run, or the user, has kept of an import."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """No test inherits a width, from where the tests run or from a test before it."""
    os.environ.pop("COLUMNS", None)


@dataclass(frozen=True)
class Run:
    """What a command line gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run archcost in this process from the root of the repository; ``columns`` sets the width."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS", "TERM"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, columns: int | None = None, cwd: Path = ROOT) -> Run:
        monkeypatch.chdir(cwd)
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["archcost", *arguments])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    return call


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured times that are the same on every machine: some ten microseconds, other ones for each layer."""
    import torch

    from archcost.pytorch import latency

    calls = count()

    def choose(name: str) -> torch.device:
        nonlocal calls
        calls = count()  # a run begins
        return torch.device("cpu")

    def sample(*_: object) -> list[float]:
        median = 1e-5 * (1 + 7 * next(calls) % 11)
        return [median * (96 + step) / 100 for step in range(9)]

    monkeypatch.setattr(latency, "choose_device", choose)
    monkeypatch.setattr(latency, "device_name", lambda _: "a processor")
    monkeypatch.setattr(latency, "_sample", sample)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with a golden file; ``--update-golden`` rewrites it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}: run pytest --update-golden and read what it wrote"
        assert text == path.read_text(encoding="utf-8")

    return compare
