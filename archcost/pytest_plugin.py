"""The pytest plugin: budgets as tests. In a conftest.py: ``pytest_plugins = ["archcost.pytest_plugin"]``.

``def test_budget(archcost_budget): archcost_budget("specs/net.yaml")`` judges specs in a test of one's own;
``archcost_model(Net(), "3x224x224").check(params="26 M")`` judges a module of PyTorch; and ``pytest --archcost specs``
collects the spec files that the configuration names as tests.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import nn

    from archcost.analysis.report import Report
    from archcost.budget.verdict import Verdict
    from archcost.given_inputs import Inputs

_BUDGET = "budget"  # the name of a spec's test
_MOST_TOLD = 10  # specs that were not judged


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


class JudgedModel:
    """A module's report, and limits for it."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def check(self, **limits: int | str) -> None:
        """Fail the test if a total is above a limit: ``check(params="26 M", macs=4_100_000_000)``.

        The words are those of budgets: the metrics, and amounts with units. Raises UsageError for others.
        """
        __tracebackhide__ = True
        told = over_limits(self.report, limits)
        if told:
            pytest.fail("\n".join(told), pytrace=False)


class ModelImporter(Protocol):
    """Makes the report of a module, or of a source."""

    def __call__(self, model: nn.Module | str, inputs: Inputs | None = None, **how: Any) -> JudgedModel:
        """The model, imported with inputs as :func:`archcost.import_model` has them; ``how`` is as there."""


@pytest.fixture
def archcost_model() -> ModelImporter:
    """A function that imports a module of PyTorch, to judge what it costs."""
    return import_and_analyze


def import_and_analyze(model: nn.Module | str, inputs: Inputs | None = None, **how: Any) -> JudgedModel:
    """The report of a module or a source, which is imported."""
    from archcost import analyze, import_model

    return JudgedModel(analyze(import_model(model, inputs, **how)))


def over_limits(report: Report, limits: dict[str, int | str]) -> list[str]:
    """A sentence for each limit that a total is above; raises UsageError for an unknown metric or a wrong amount."""
    from archcost.errors import UsageError, suggestion
    from archcost.figures import TOTALS
    from archcost.quantities import UnitError
    from archcost.spec.budget_limits import parse_amount

    told = []
    for metric, limit in limits.items():
        if metric not in TOTALS:
            raise UsageError(f"there is no metric '{metric}'", suggestion(metric, TOTALS, "metrics"))
        try:
            most = parse_amount(metric, str(limit))
        except UnitError as error:
            raise UsageError(f"{metric}={limit!r}: {error}") from None
        figure = getattr(report.totals, metric)
        if figure > most or report.unknown(metric):
            least = "at least " * bool(report.unknown(metric))
            told.append(f"{report.name}: {metric} are {least}{figure:,}, and the limit is {most:,}")
    return told


def failure(specs: list[str], settings: dict[str, Any]) -> str:
    """What is wrong, in the words of ``archcost check``; empty if every limit holds."""
    from archcost import check

    verdict = check(specs, params=settings)
    return _told(verdict) if verdict.exit_code else ""


def _told(verdict: Verdict) -> str:
    """What could not be judged, and the report: both outputs of the command."""
    from archcost.errors import format_diagnostic
    from archcost.render.verdict_output import render

    return "\n\n".join([*map(format_diagnostic, verdict.all_diagnostics()), render(verdict, "full")])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--archcost``."""
    group = parser.getgroup("archcost")
    group.addoption(
        "--archcost", action="store_true", help="collect the spec files that archcost's configuration names"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A test for each spec file that the configuration names, where ``--archcost`` asks for them."""
    if not parent.config.getoption("--archcost"):
        return None
    from archcost.budget.chosen import choose
    from archcost.budget.config import load_config
    from archcost.errors import ConfigError, UsageError
    from archcost.importers.sources import FILE_ENDINGS

    if not file_path.name.endswith(FILE_ENDINGS):
        return None

    try:
        chosen = choose((), load_config(None))
    except (ConfigError, UsageError) as error:
        raise parent.CollectError(str(error)) from None
    named = {os.path.realpath(path) for path in chosen.paths}
    if os.path.realpath(file_path) not in named:
        return None
    file: SpecFile = SpecFile.from_parent(parent, path=file_path)
    return file


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say why specs were not judged, which a skipped test does not, and that there were none.

    Nobody reads a limit where there is none.
    """
    if not config.getoption("--archcost"):
        return
    stats = [each for some in terminalreporter.stats.values() for each in some]
    judged = any(getattr(each, "nodeid", "").endswith(f"::{_BUDGET}") for each in stats)
    if not judged and "error" not in terminalreporter.stats and not config.option.collectonly:
        terminalreporter.write_line("archcost: nothing that was collected is a spec that the configuration lists")
    skipped = [each for each in terminalreporter.stats.get("skipped", ()) if each.nodeid.endswith(f"::{_BUDGET}")]
    for report in skipped[:_MOST_TOLD]:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line(
            f"archcost: {report.nodeid.rpartition('::')[0]}: {reason.removeprefix('Skipped: ')}"
        )
    if len(skipped) > _MOST_TOLD:
        terminalreporter.write_line(f"archcost: {len(skipped) - _MOST_TOLD:,} more specs were not judged")


class SpecFile(pytest.File):
    """A spec file: one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """The budget of the spec."""
        yield SpecBudget.from_parent(self, name=_BUDGET)


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

        if _is_library(self.path):
            pytest.skip("it holds only blocks")
        verdict = check([os.path.relpath(self.path)])
        if verdict.exit_code:
            raise OverBudgetError(_told(verdict))
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
