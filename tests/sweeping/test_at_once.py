"""Expressions of many designs at once give what the evaluator of one design gives, to the bit and type."""

from __future__ import annotations

import ast
import random
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import archcost
from archcost.errors import Mark, Source, UsageError
from archcost.spec.expressions import Expression, Names
from archcost.sweeping import effort, lifting
from archcost.sweeping.columns import NotInArraysError, value_in_arrays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPRESSIONS = [
    "int(n * x)",
    "int(x)",
    "round(x)",
    "round(n * x / 2)",
    "floor(x)",
    "ceil(x)",
    "ceil(n / m)",
    "floor(-n / m)",
    "abs(x)",
    "abs(n - m)",
    "min(n, m)",
    "max(n, m, 3)",
    "min(x, y)",
    "max(x, y, 0.0)",
    "max(x, -x)",
    "n // m",
    "n % m",
    "n * x + y",
    "x / y",
    "-x",
    "make_divisible(n * x)",
    "make_divisible(n * x, 16)",
    "make_divisible(n, m)",
    "make_divisible(x, m)",
    "int(n * x) // m * m + max(1, int(y))",
    "sqrt(x)",
    "sqrt(n)",
    "log2(n / m)",
    "log2(abs(x) + 1)",
    "x ** m",
    "n ** 2",
    "2 ** -n",
    "round(log2(n / m) / log2(y * y + 2.5))",
    "8 * round(n * 2.54 ** round(log2((n + y * m) / n) / log2(2.54)) / 8)",
    "n if n > m else 2 * m",
    "x / 2 if n % 2 else y",
    "n > m if x < y else m > n",
    "n > m and m < 9",
    "x < y or n != m or m % 2 == 0",
    "1 < n <= m < 40",
    "n * x <= m",
    "int(n * x) == round(n * x)",
]
SPECIAL = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.1,
    1e15,
    -1e15,
    4503599627370495.5,
    1e-300,
    2.0**53,
    1 / 3,
    7.999999999,
]
WHOLE = [0, 1, -1, 2, 3, 7, 8, 16, -7, 100, 2**31, 2**40, 2**52 - 1, -(2**52)]


def same(ours: Any, theirs: Any) -> bool:
    if type(ours) is not type(theirs):
        return False
    return struct.pack("d", ours) == struct.pack("d", theirs) if isinstance(ours, float) else ours == theirs


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 6))])
def test_arrays_give_what_one_design_gives(text: str, seed: int) -> None:
    dice = random.Random(seed)
    wild = seed % 2
    tame = [round(dice.uniform(-4, 4), 2) for _ in range(200)] + [value / 2 for value in range(-20, 20)]
    floats = SPECIAL + tame if wild else [abs(value) + 0.25 for value in tame]
    ints = WHOLE if wild else list(range(1, 60))
    rows = [
        {"n": dice.choice(ints), "m": dice.choice(ints), "x": dice.choice(floats), "y": dice.choice(floats)}
        for _ in range(400)
    ]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    expression = Expression(f"$({text})", Mark(Source("", text), 0, 0))
    try:
        found = np.broadcast_to(value_in_arrays(expression.tree, columns), (len(rows),)).tolist()
    except NotInArraysError:
        assert wild, "plain numbers are worked out in arrays"
        return
    for row, ours in zip(rows, found, strict=True):
        assert same(ours, expression.evaluate(Names(row))), (text, row)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("int(x)", {"x": np.array([1.0, np.inf])}),
        ("int(x)", {"x": np.array([1.0, 2.0**62])}),
        ("n // m", {"n": np.array([1, 2]), "m": np.array([1, 0])}),
        ("n * n", {"n": np.array([1, 2**40])}),
        ("n * x", {"n": np.array([2**53 + 1]), "x": np.array([1.0])}),
        ("min(n, x)", {"n": np.array([1]), "x": np.array([1.0])}),
        ("abs(b)", {"b": np.array([True])}),
        ("round(x, 1)", {"x": np.array([1.25])}),
        ("make_divisible(n, x)", {"n": np.array([9]), "x": np.array([8.0])}),
        ("int(n, n)", {"n": np.array([9])}),
        ("n if n > 1 else 2.5", {"n": np.array([1, 2])}),
        ("1 if x else 2", {"x": np.array([0.0, 2.5])}),
        ("n and n > 1", {"n": np.array([1, 2])}),
        ("n > 1 and 5 // (n - 1) > 2", {"n": np.array([1, 2])}),
        ("8 // n if n else 2", {"n": np.array([0, 2])}),
        ("sqrt(x)", {"x": np.array([1.25, -1.0])}),
        ("log2(n)", {"n": np.array([1, 0])}),
        ("sqrt(x, y)", {"x": np.array([1.25]), "y": np.array([2.0])}),
        ("x ** y", {"x": np.array([-2.0]), "y": np.array([0.5])}),
        ("x ** y", {"x": np.array([1e300]), "y": np.array([2.0])}),
        ("n ** m", {"n": np.array([2, 2]), "m": np.array([3, -3])}),
        ("n ** m", {"n": np.array([2]), "m": np.array([62])}),
        ("n ** b", {"n": np.array([2]), "b": np.array([True])}),
    ],
)
def test_what_may_differ_is_left_to_single_designs(text: str, columns: dict[str, Any]) -> None:
    with pytest.raises(NotInArraysError):
        value_in_arrays(ast.parse(text, mode="eval").body, columns)


NET = """archcost: 1
name: small
params: {c: 32, width: 1.0, groups: 1}
input: [3, 8, 8]
layers:
  - conv2d: {out_channels: "$(int(c * width))", kernel_size: 3}
  - relu
  - conv2d: {out_channels: "$(make_divisible(c * width, 4))", kernel_size: "$(max(1, round(width)))"}
  - linear: {out_features: "$(ceil(c / 3) + abs(c - 9))"}
"""


def single(path: Path, setting: dict[str, Any]) -> dict[str, int]:
    totals = archcost.analyze(path, params=setting).totals
    return {"params": totals.params, "macs": totals.macs}


def outcome(made: Callable[..., dict[str, int]], *given: Any) -> Any:
    """Params and MACs, or what is wrong."""
    try:
        found = made(*given)
    except archcost.SpecError as error:
        return error.diagnostics[0].message
    return found["params"], found["macs"]


def test_walks_in_arrays_give_what_single_analyses_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    space = archcost.space(tmp_path / "net.yaml", vary=["c=0..40", "width=-0.5:2.5:0.25"])
    evaluated = 0

    def counted(*given: Any) -> Any:
        nonlocal evaluated
        evaluated += 1
        return at_once(*given)

    at_once = lifting._at_once
    monkeypatch.setattr(lifting, "_at_once", counted)
    monkeypatch.setattr(lifting, "LEAST_AT_ONCE", 1)
    tables = space.tables()
    assert evaluated
    for c in (0, 1, 2, 9, 17, 40):
        for width in (-0.5, 0.0, 0.25, 0.75, 1.0, 1.75, 2.5):
            setting = {"c": c, "width": width}
            assert outcome(tables.at, setting) == outcome(single, tmp_path / "net.yaml", setting), setting


def test_too_many_values_are_refused_by_the_names_of_their_axes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.yaml").write_text(NET.replace("int(c * width)", "int(round(c * width, 1))"))  # no digits in arrays
    monkeypatch.setattr(effort, "MOST_WORK", 1_000_000)
    with pytest.raises(UsageError, match=r"for each of the 1,000 × 101 values of c and width") as raised:
        archcost.space(tmp_path / "net.yaml", vary=["c=1..1000", "width=0.5:1.5:0.01"]).tables()
    assert "give fewer values of c" in raised.value.help


def test_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    monkeypatch.setattr(effort, "MOST_HELD", 1_000_000)
    with pytest.raises(UsageError, match=r"GiB of memory: .* values of c and width"):
        archcost.space(tmp_path / "net.yaml", vary=["c=1..1000", "width=0.5:1.5:0.01"]).tables()
