"""The pytest plugin: budgets as tests. In a conftest.py: ``pytest_plugins = ["archcost.pytest_plugin"]``.

``def test_budget(archcost_budget): archcost_budget("specs/net.yaml")`` judges specs in a test of one's own; and
``pytest --archcost specs`` collects the spec files that the configuration names as tests.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Budget(Protocol):
    """Judges specs by their own budgets and those of the configuration."""

    def __call__(self, *specs: str | os.PathLike[str], **settings: Any) -> None:
        """Fail the test with what ``archcost check`` prints; ``settings`` override params of the spec."""


@pytest.fixture
def archcost_budget() -> Budget:
    """A function that fails the test if a spec is over its budget, or cannot be judged."""
    return judge


def judge(*specs: str | os.PathLike[str], **settings: Any) -> None:
    """Judge specs (default: those of the configuration); fails the running test with the report."""
    __tracebackhide__ = True
    report = failure([os.fspath(spec) for spec in specs], settings)
    if report:
        pytest.fail(report, pytrace=False)


def failure(specs: list[str], settings: dict[str, Any]) -> str:
    """What is wrong, in the words of ``archcost check``; empty if every limit holds."""
    from archcost import check
    from archcost.render.verdict_output import render

    verdict = check(specs, params=settings)
    return render(verdict, "full") if verdict.exit_code else ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--archcost``."""
    group = parser.getgroup("archcost")
    group.addoption(
        "--archcost", action="store_true", help="collect the spec files that archcost's configuration names"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A test for each spec file that the configuration names, where ``--archcost`` asks for them."""
    if not parent.config.getoption("--archcost") or file_path.suffix not in (".yaml", ".yml"):
        return None
    from archcost.budget.chosen import choose
    from archcost.budget.config import load_config
    from archcost.errors import ConfigError, UsageError

    try:
        chosen = choose((), load_config(None))
    except (ConfigError, UsageError) as error:
        raise parent.CollectError(str(error)) from None
    named = {os.path.realpath(path) for path in chosen.paths}
    if os.path.realpath(file_path) not in named:
        return None
    file: SpecFile = SpecFile.from_parent(parent, path=file_path)
    return file


class SpecFile(pytest.File):
    """A spec file: one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """The budget of the spec."""
        yield SpecBudget.from_parent(self, name="budget")


class OverBudgetError(Exception):
    """A spec is over its budget; the message is the report."""


def _is_library(path: Path) -> bool:
    """Whether a file holds only blocks; a wrong one is judged, and fails."""
    from archcost.errors import SpecError
    from archcost.spec.loader import read

    try:
        return read(path).is_library
    except SpecError:
        return False


class SpecBudget(pytest.Item):
    """Judges one spec file."""

    def runtest(self) -> None:
        """Raise OverBudgetError with the report if a limit is exceeded; skip where there is nothing to judge."""
        from archcost import check
        from archcost.budget.verdict_sentences import summary
        from archcost.render.verdict_output import render

        if _is_library(self.path):
            pytest.skip("it holds only blocks")
        verdict = check([os.path.relpath(self.path)])
        if verdict.exit_code:
            raise OverBudgetError(render(verdict, "full"))
        if not verdict.judged:
            pytest.skip(summary(verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report alone, without a traceback."""
        if isinstance(excinfo.value, OverBudgetError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, and a line for the test's heading."""
        return self.path, 0, f"budget of {os.path.relpath(self.path)}"
