"""What the tests of sweeps tell at their end: how many rows they have held against single analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sweeping.rows import COMPARED

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COMPARED["rows"]:
        told = (
            f"{COMPARED['rows']:,} rows compared, {COMPARED['invalid']:,} of them invalid; {COMPARED['wrong']:,} wrong"
        )
        terminalreporter.write_line(told)
