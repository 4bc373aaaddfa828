"""What a page fault costs, and how quiet a machine is: the arithmetic on given calls, and a moment of real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from archcost.pytorch import page_fault_time
from archcost.pytorch.page_fault_time import page_fault_seconds
from archcost.pytorch.quietness import Yardstick
from archcost.pytorch.repeated_calls import Effort

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = torch.device("cpu")
EFFORT = Effort(1, 0.001, 1.0)
CALLS = 4  # of each of three blocks


def calls_of(plan: list[tuple[float, int, float]]) -> list[page_fault_time._Call]:
    return [page_fault_time._Call(*one) for one in plan]


@pytest.mark.parametrize(
    ("giving", "keeping", "expected"),
    [
        # 1,000 faults take 12 ms − 10 ms: 2 µs each
        ([(0.012, 1000, 1.0)] * CALLS, [(0.010, 0, 1.0)] * CALLS, 2e-6),
        # calls while the machine was busy do not count, on either side
        (
            [(0.012, 1000, 1.0)] * CALLS + [(0.050, 1000, 2.0)] * CALLS,
            [(0.010, 0, 1.0)] * CALLS + [(0.030, 0, 2.0)] * CALLS,
            2e-6,
        ),
        # nor those with few faults, which say nothing
        ([(0.013, 1000, 1.0)] * CALLS + [(0.020, 10, 1.0)] * CALLS, [(0.010, 0, 1.0)] * CALLS, 3e-6),
        # a malloc that keeps its pages already: not seen here
        ([(0.010, 0, 1.0)] * CALLS, [(0.010, 0, 1.0)] * CALLS, 0.0),
        # nothing to compare with
        ([(0.012, 1000, 1.0)] * CALLS, [(0.012, 1000, 1.0)] * CALLS, 0.0),
    ],
)
def test_a_fault_is_what_calls_take_longer(
    giving: list[tuple[float, int, float]],
    keeping: list[tuple[float, int, float]],
    expected: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = iter([giving, giving, giving, keeping, keeping, keeping])

    def counted(_call: Callable[[], object], _effort: Effort, yardstick: Yardstick) -> list[page_fault_time._Call]:
        yardstick.best = 1.0
        return calls_of(next(plans))

    monkeypatch.setattr(page_fault_time, "_counted", counted)
    monkeypatch.setattr(page_fault_time, "_keep_pages", lambda: None)
    assert page_fault_time._among_layers(CPU, EFFORT) == pytest.approx(expected)


def test_a_fault_takes_some_time_on_linux_and_is_unknown_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.0 <= page_fault_seconds(CPU, EFFORT) < 1e-3
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert page_fault_seconds(CPU, EFFORT) == 0.0


def test_a_machine_is_quiet_by_the_best_look() -> None:
    yardstick = Yardstick()
    look = yardstick.look()
    assert 0 < yardstick.best == look
    assert yardstick.quiet(look)
    yardstick.best = look / 2
    assert not yardstick.quiet(look)
    assert yardstick.quiet(1.1 * yardstick.best)
    assert Yardstick(1e-9).best == 1e-9
