from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from archcost.errors import ArgumentError
from archcost.settings import Settings
from archcost.spec.loader import reads
from archcost.sweeping.axes import make_space, read_vary
from archcost.sweeping.columns import NotInArraysError, in_arrays
from archcost.sweeping.exact.bounds import FigureBound
from archcost.sweeping.rows import rows
from archcost.sweeping.singles import PER_ROW
from archcost.sweeping.where import WhereClause
from tests.sweeping.brute_force import METRICS, tables_of

if TYPE_CHECKING:
    from archcost.sweeping.space import Space
    from archcost.sweeping.tables import DesignChunk

NET = """archcost: 1
name: net
params: {width: 8, scale: 1.0, kernels: [3, 5], act: relu, half: "$(width // 2)", groups: 1, params: 5}
input: [6, 16, 16]
layers:
  - conv2d: {out_channels: "$(int(width * scale))", kernel_size: "$(kernels[0])", groups: $groups}
  - $act
  - conv2d: {out_channels: $half, kernel_size: "$(kernels[1])"}
"""


@pytest.fixture(scope="module")
def space() -> Space:
    vary = ["width=6..12..2", "scale=0.5,1.0", "kernels[*]=1,3,5", "act=relu,gelu", "groups=1,4"]
    return make_space(reads(NET, name="net.yaml"), Settings(), list(map(read_vary, vary)))


@pytest.fixture(scope="module")
def grid(space: Space) -> DesignChunk:
    indices = np.array(list(product(*map(range, space.lengths))), np.int32)
    return rows(tables_of(space), indices)


def reference(metric: str) -> int:
    return {"macs": 1000, "params": 801}[metric]


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("macs <= 300 M", (FigureBound("macs", None, 300_000_000),)),
        ("200e6 <= macs <= 300e6", (FigureBound("macs", 200_000_000, 300_000_000),)),
        ("params < 5 M and macs >= 3 Ki", (FigureBound("params", None, 4_999_999), FigureBound("macs", 3072, None))),
        ("macs > 10 and 20 > macs", (FigureBound("macs", 11, 19),)),
        ("macs == 7", (FigureBound("macs", 7, 7),)),
        ("macs == 7.5", (FigureBound("macs", 8, 7),)),
        ("macs < 7.5 and macs >= 0.5", (FigureBound("macs", 1, 7),)),
        ("weight_bytes <= 64 MiB", (FigureBound("weight_bytes", None, 64 * 2**20),)),
        ("params <= 7 B", (FigureBound("params", None, 7 * 10**9),)),
        ("weight_bytes <= 7 B", (FigureBound("weight_bytes", None, 7),)),
        ("weight_bytes <= 2 * 1.5 kB + 10", (FigureBound("weight_bytes", None, 3010),)),
        ("weight_bytes <= 1.1 kB", (FigureBound("weight_bytes", None, 1100),)),
        ("macs <= 50%", (FigureBound("macs", None, 500),)),
        ("params <= 50%", (FigureBound("params", None, 400),)),  # of 801
        ("macs <= 2 * 10**3", (FigureBound("macs", None, 2000),)),
        ("(macs <= 5) and (params <= 6)", (FigureBound("macs", None, 5), FigureBound("params", None, 6))),
    ],
)
def test_bounds(space: Space, text: str, bounds: tuple[FigureBound, ...]) -> None:
    where = WhereClause(space, text, METRICS, reference=reference)
    assert where.is_exact
    assert where.bounds == bounds
    assert not where.conditions


@pytest.mark.parametrize(
    ("text", "axes", "share"),
    [
        ("width >= 10", (0,), 1 / 2),  # 10 and 12 of 6, 8, 10, 12
        ("width * scale == 6", (0, 1), 2 / 8),  # 6·1 and 12·0.5
        ("kernels[0] == kernels[1]", (2, 3), 3 / 9),
        ("kernels[0] == 5", (2,), 1 / 3),
        ("kernels[-1] == 5 or act == 'gelu'", (3, 4), 4 / 6),
        ("kernels[len(act) - 4] == 5 or kernels[1] == 5", (2, 3, 4), 10 / 18),  # both acts have 4 letters
        ("kernels == [1, 5]", (2, 3), 1 / 9),
        ("act == 'relu'", (4,), 1 / 2),
        ("half == 4", (0,), 1 / 4),  # width 8
        ("width % 4 == 0", (0,), 1 / 2),
        ("param.params == 5", (), 1),
        ("batch == 2", (), 0),
    ],
)
def test_conditions_on_params(space: Space, text: str, axes: tuple[int, ...], share: float) -> None:
    where = WhereClause(space, text, METRICS)
    assert where.is_exact
    (factor,) = where.conditions
    assert factor.axes == axes
    assert factor.entries.mean() == pytest.approx(share)


def test_a_metric_wins_over_a_param_of_its_name(space: Space) -> None:
    where = WhereClause(space, "params <= 300", METRICS)
    assert where.bounds == (FigureBound("params", None, 300),)
    assert where.notes == ("`params` is the metric; `param.params` is the param of that name",)


@pytest.mark.parametrize(
    "text",
    [
        "macs <= 30000",
        "macs <= 30000 and width >= 10 and params > 100",
        "macs / params > 150",
        "macs // params > 100 or width < 8",
        "macs <= 20000 * width",
        "macs <= 20000.5 * width * scale",
        "not macs > 30000",
        "macs != params",
        "macs <= 20000 if act == 'relu' else macs <= 30000",
        "min(macs, 20000) == 20000",
        "macs > 10000 and (act == 'gelu' or kernels[0] == 3)",
        "macs ** 2 > params ** 4",
        "sqrt(macs) > 100",
        "macs % 7 == 3",
        "-macs < -20000",
    ],
)
def test_rows_are_as_python_says(space: Space, grid: DesignChunk, text: str) -> None:
    where = WhereClause(space, text, METRICS)
    found = where.holds(grid)
    for row, design in enumerate(grid.indices.tolist()):
        if grid.invalid[row]:
            assert not found[row]
            continue
        names = {"kernels": [3, 5], "act": "relu", **space.params_of(design)}
        figures = {name: int(figure[row]) for name, figure in grid.figures.items()}
        from math import sqrt

        expected = eval(text, {"sqrt": sqrt, "min": min}, {**names, **figures})
        assert found[row] == expected, (design, text)
    assert 0 < found.sum() < len(found)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("mcs <= 3", 0, "'mcs' is no metric and no param"),
        ("params <= 5 X", 10, "'5 X' has an unknown unit"),
        ("width <= 50%", 0, "a share of what? no metric is compared with it"),
        ("macs", 0, "the condition is neither true nor false"),
        ("width / 0 == 5 M", 0, "width / 0 == 5 M cannot be evaluated: division by zero"),
        ("", 0, "the condition is empty"),
        ("macs <=", 0, "macs <= cannot be read: invalid syntax"),
        ("macs <= 50% + 3", 0, "a share of what? no metric is compared with it"),
        ("macs <= 50%*2", 0, "a share of what? no metric is compared with it"),
        ("macs <= " + "9" * 5000, 0, "the condition is longer than 1000 characters"),
        ("params <= 150 ms", 10, "'150 ms' is no amount of params"),
        ("params <= 150 KB", 10, "'150 KB' is no amount of params"),
        ("weight_bytes <= 2 * 64 M", 20, "'64 M' is no amount of weight_bytes"),
        ("3 s >= weight_bytes", 0, "'3 s' is no amount of weight_bytes"),
        ("predicted_latency <= 5 M", 21, "'5 M' is no amount of predicted_latency"),
        ("macs > 1e400", 0, "a number of more than 128 bits: macs > 1e400"),
        ("act > 3", 0, "act > 3 cannot be evaluated: 'relu' > 3 has no meaning"),
        ("scale == true", 9, "'true' is no metric and no param"),
    ],
)
def test_wrong_conditions(space: Space, grid: DesignChunk, text: str, column: int, message: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        _asked(space, text, grid)
    assert raised.value.diagnostic.help or "neither true" in message or "longer" in message
    assert raised.value.diagnostic.message == message
    assert raised.value.diagnostic.mark is not None
    assert raised.value.diagnostic.mark.column == column


def test_names_are_suggested_once(space: Space) -> None:
    with pytest.raises(ArgumentError) as raised:
        WhereClause(space, "param == 3", METRICS)
    assert raised.value.diagnostic.help.count("'params'") == 1


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("width != 8 and 24 / (width - 8) > 5", 1 / 4),  # 24/2 of width 10, 24/4 of 12; -12 of 6; 8 is guarded
        ("width != 8 and act != 'relu' and 24 / (width - 8) > 7", 1 / 8),
    ],
)
def test_a_part_is_not_asked_where_one_before_it_is_false(
    space: Space, grid: DesignChunk, text: str, share: float
) -> None:
    where = WhereClause(space, text, METRICS)
    assert where.is_exact
    widths = np.array([6, 8, 10, 12])[grid.indices[:, 0]]
    gelu = grid.indices[:, 4] == 1
    ratio = 24 / np.where(widths == 8, np.inf, widths - 8)
    expected = (widths != 8) & (ratio > (7 if "act" in text else 5)) & (gelu | ("act" not in text)) & ~grid.invalid
    assert (where.holds(grid) == expected).all()


def test_what_has_no_value_for_invalid_designs_is_asked_of_the_others(space: Space, grid: DesignChunk) -> None:
    where = WhereClause(space, "macs > 0 and 1 / (groups - 4) < 0", METRICS)  # 4 groups do not divide 6 channels
    assert where.holds(grid).tolist() == (~grid.invalid).tolist()


def _asked(space: Space, text: str, grid: DesignChunk) -> None:
    from archcost.sweeping.where_text import read_condition

    if text:
        WhereClause(space, text, METRICS, PER_ROW, reference=reference).holds(grid)
    else:
        read_condition(" ", METRICS, reference)


@pytest.mark.parametrize(
    "text",
    [
        "a / b > 1",
        "a * 2.5 > 1",
        "a * a > 0",
        "a ** 2 > 4",
        "a if b else a",
        "c > 1.0 and a // 0 == 1",
        "f < 1",
        "a and b",
    ],
)
def test_arrays_decline_what_they_would_get_wrong(text: str) -> None:
    import ast

    columns = {"a": np.array([2**60, 3]), "b": np.array([0, 1]), "c": np.array([0.5, 2.0])}
    with pytest.raises(NotInArraysError):
        in_arrays(ast.parse(text, mode="eval").body, columns, 2)


def test_bounds_beyond_int64(space: Space, grid: DesignChunk) -> None:
    assert not WhereClause(space, "macs >= 10**30", METRICS).holds(grid).any()
    assert (WhereClause(space, "macs <= 10**30", METRICS).holds(grid) == ~grid.invalid).all()
