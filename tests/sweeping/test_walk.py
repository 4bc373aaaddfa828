"""The walk of a space: what it tells beyond figures, how large its tables are, and where it gives up."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from archcost.errors import SpecError, UsageError
from archcost.meter import Meter
from archcost.settings import Settings
from archcost.sweeping.singles import error_of
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.tables import TableTooLargeError
from archcost.sweeping.walk import tables
from tests.sweeping.hard_spaces import space_named, space_of, written
from tests.sweeping.rows import analysed, assert_rows_agree, entry, figure, row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_figure_is_a_sum_of_small_tables(tmp_path: Path) -> None:
    found = tables(space_named("once for all", tmp_path))
    macs = found.metrics["macs"]
    assert len(macs.terms) == 20  # kernel and expand of each layer, and where it may be absent its depth
    assert max(term.entries.size for term in macs.terms) == 27


def test_designs_are_distinct_by_what_they_read(tmp_path: Path) -> None:
    """A stage has 9² + 9³ + 9⁴ = 7371 distinct designs: with depth 2 nothing reads the third and fourth layer."""
    space = space_named("once for all", tmp_path)
    of_first_stage = {0, *range(5, 9), *range(25, 29)}
    factors = [factor for factor in tables(space).distinct if set(factor.axes) <= of_first_stage]
    count = 0
    for indices in product(range(3), repeat=9):
        design = dict(zip(sorted(of_first_stage), indices, strict=True))
        count += all(factor.entries[tuple([design[axis] for axis in factor.axes])] for factor in factors)
    assert count == 9**2 + 9**3 + 9**4


WHICH = """\
input: [8, 4, 4]
params: {act: relu, unused: 1, on: true, out: 8}
layers:
  - $act
  - {when: $on, conv2d: {out_channels: $out, kernel_size: 1}}
"""


def test_what_nothing_reads_is_one_design(tmp_path: Path) -> None:
    vary = {"act": ["relu", "gelu"], "unused": [1, 2, 3], "on": [True, False], "out": [4, 8]}
    space = space_of(written(tmp_path, WHICH), vary)
    found = tables(space)
    distinct = [
        indices
        for indices in product(*map(range, space.lengths))
        if all(entry(factor, indices) for factor in found.distinct)
    ]
    # an activation is another design at equal figures; `out` is read where `on` holds: 2 · (2 + 1)
    assert distinct == [(act, 0, *rest) for act in (0, 1) for rest in ((0, 0), (0, 1), (1, 0))]


def test_figures_beyond_64_bits_are_exact(tmp_path: Path) -> None:
    spec = written(tmp_path, "input: {shape: [$t, $d], batch: false}\nparams: {t: 1, d: 1}\nlayers: [{linear: $d}]\n")
    space = space_of(spec, {"t": [2, 2**21], "d": [3, 2**31]})
    macs = tables(space).metrics["macs"]
    assert figure(macs, (1, 1)) == 2**21 * 2**31 * 2**31  # 2⁸³
    assert figure(macs, (0, 0)) == 2 * 3 * 3


def test_axes_that_are_zipped_go_together(tmp_path: Path) -> None:
    spec = written(
        tmp_path, "input: [$a, 4, 4]\nparams: {a: 1, b: 1}\nlayers: [{conv2d: {out_channels: $b, kernel_size: 1}}]\n"
    )
    axis = Axis((AxisTarget("a"), AxisTarget("b")), ((1, 10), (2, 20), (3, 0)))
    space = Space(spec, Settings(), (axis,))
    found = tables(space)
    assert [row(found, (index,)) for index in range(3)] == [analysed(space, (index,), ()) for index in range(3)]
    assert found.metrics["params"].terms[0].entries[:2].tolist() == [1 * 10 + 10, 2 * 20 + 20]


def test_an_element_is_set_in_the_list_that_the_design_has(tmp_path: Path) -> None:
    spec = written(
        tmp_path,
        "input: [4, 8, 8]\nparams: {w: 1, widths: [$w, '$(2 * w)']}\nlayers: [{repeat: 2, linear: \"$(widths[i])\"}]\n",
    )
    space = space_of(spec, {"w": [1, 2, 3], "widths[0]": [5, 7]})
    assert_rows_agree(space, 6)
    assert figure(tables(space).metrics["params"], (2, 0)) == (8 * 5 + 5) + (5 * 6 + 6)  # widths: 5 and 2 · 3


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_the_errors_of_a_design_are_those_of_its_analysis(tmp_path: Path, run: Callable[..., Any]) -> None:
    space = space_named("kinds", tmp_path)
    indices = (0, 2, 0, 0, 2)  # a kernel of 0, and 12 channels
    told = run("analyze", space.spec.path, "--set", "k=0", "--set", "out=12", "--set", "p=0.1")
    assert told.code == 2
    found = error_of(space, indices)
    assert found is not None
    assert all(diagnostic.message in told.err for diagnostic in found.diagnostics)
    assert error_of(space, (0, 0, 0, 0, 0)) is None


def test_a_space_of_invalid_designs_has_tables(tmp_path: Path) -> None:
    spec = written(tmp_path, "input: [4]\nparams: {n: 1}\nlayers: [{linear: $n}]\n")
    found = tables(space_of(spec, {"n": [0, -1]}))
    assert row(found, (0,)) is None
    assert row(found, (1,)) is None


def test_a_spec_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("archcost: 1\nname: a\ninput: [4]\nparams: {n: 1}\nlayers: [rleu]\n")
    from archcost.named_specs import read_spec

    with pytest.raises(SpecError, match="rleu"):
        tables(space_of(read_spec(str(file)), {"n": [1, 2]}))


def test_an_unknown_param_is_told_at_once(tmp_path: Path) -> None:
    spec = written(tmp_path, "input: [4]\nparams: {n: 1}\nlayers: [relu]\n")
    with pytest.raises(UsageError, match="no param 'm'"):
        tables(space_of(spec, {"m": [1, 2]}))
    with pytest.raises(UsageError, match=r"there is no n\[1\]"):
        tables(space_of(spec, {"n[1]": [1, 2]}))


def test_a_table_that_would_be_too_large_names_its_axes(tmp_path: Path) -> None:
    spec = written(
        tmp_path,
        "input: {shape: [$a, $b, $c], batch: false}\nparams: {a: 1, b: 1, c: 1}\nlayers: [{linear: 2}]\n",
    )
    many = list(range(1, 302))
    with pytest.raises(
        TableTooLargeError, match="one figure depends on a, b, c together: 301 × 301 × 301 values"
    ) as told:
        tables(space_of(spec, {"a": many, "b": many, "c": many}))
    assert "give fewer values" in told.value.help


def test_designs_of_too_many_layers_are_invalid(tmp_path: Path) -> None:
    text = "input: [4]\nparams: {n: 1}\nlayers: [{repeat: $n, relu: }]\n"
    space = space_of(written(tmp_path, text), {"n": [1, 3, 2_000_000]})
    found = tables(space)
    assert [row(found, (index,)) is None for index in range(3)] == [False, False, True]


def test_layers_of_all_groups_together_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcost.sweeping.walk.MAX_NODES", 100)  # each step has fewer
    text = "input: [4]\nparams: {n: 1, m: 1}\nlayers: [{repeat: $n, relu: }, {repeat: $m, gelu: }]\n"
    space = space_of(written(tmp_path, text), {"n": [1, 60], "m": [1, 41]})
    found = tables(space)
    valid = [[row(found, (first, second)) is not None for second in (0, 1)] for first in (0, 1)]
    assert valid == [[True, True], [True, False]]


def test_a_cold_analysis_loads_neither_numpy_nor_sweeps() -> None:
    code = (
        "import sys, archcost; archcost.analyze('mobilenet_v1');"
        "print([name for name in sys.modules if name == 'numpy' or name.startswith('archcost.sweeping')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


# --- how much work a walk may take ------------------------------------------------------------------------------------

ROUNDS = """\
input: [4]
params: {n: 1, m: 1, w: 4}
layers:
  - {repeat: $n, layers: [{linear: $w}, {when: $(i % 3 == m), relu: }]}
"""


def _budget(monkeypatch: pytest.MonkeyPatch, steps: int) -> list[Meter]:
    """Lower the budget of a walk, and not that of a single analysis; the meters of the walks."""
    found: list[Meter] = []

    def begun() -> Meter:
        found.append(Meter(steps))
        return found[-1]

    monkeypatch.setattr("archcost.sweeping.walk.Meter", begun)
    return found


def test_a_walk_beyond_its_budget_is_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round looks at 300 numbers, and a layer is granted 100 steps: 20 rounds take under 10,000, 200 far more."""
    text = """\
input: [4]
params: {n: 1, m: 1, many: $(range(300))}
layers: [{repeat: $n, linear: "$(1 + max(many) + m)"}, {linear: $m}]
"""
    space = space_of(written(tmp_path, text), {"n": [1, 2, 20, 200], "m": [1, 2, 3]})
    walks = _budget(monkeypatch, 10_000)
    monkeypatch.setattr(Meter.__init__, "__defaults__", (10_000,))  # of single analyses too
    assert assert_rows_agree(space, 12) == (12, 3)
    assert 1 < len(walks) < 2 * 12  # each is split in two, down to single designs at most


def test_a_walk_is_split_so_often_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcost.sweeping.walk.MOST_WALKS", 3)
    walks = _budget(monkeypatch, 0)
    with pytest.raises(SpecError, match="more than 0 steps of work"):
        tables(space_of(written(tmp_path, ROUNDS), {"n": list(range(1, 40)), "w": list(range(1, 40))}))
    assert len(walks) == 4


def test_the_work_of_all_groups_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(written(tmp_path, ROUNDS), {"n": [1, 2, 50, 60], "m": [0, 1, 2], "w": [4, 8]})
    monkeypatch.setattr("archcost.sweeping.effort.MOST_WORK", 100_000)
    with pytest.raises(UsageError, match="more than 100,000 steps of work") as told:
        tables(space)
    assert "vary less" in told.value.help


def test_the_work_on_long_tables_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No design forks, but each of 20 layers works out 5,000 square roots: 20 · 5,000 steps at least."""
    text = 'input: [4]\nparams: {w: 1}\nlayers: [{repeat: 20, linear: "$(int(sqrt(w + i)))"}]\n'
    space = space_of(written(tmp_path, text), {"w": list(range(1, 5001))})
    assert_rows_agree(space, 5)
    monkeypatch.setattr("archcost.sweeping.effort.MOST_WORK", 80_000)
    with pytest.raises(UsageError, match="for each of the 5,000 values of w"):
        tables(space)


def test_blocks_of_all_groups_together_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An analysis takes a million blocks at most: here 100, of which each group of a step has fewer."""
    monkeypatch.setattr("archcost.sweeping.walk.MAX_NODES", 100)
    text = """\
input: [4]
params: {n: 1, m: 1}
blocks: {nothing: {layers: [{when: false, relu: }]}}
layers: [{repeat: $n, nothing: }, {repeat: $m, nothing: }, gelu]
"""
    space = space_of(written(tmp_path, text), {"n": [1, 60], "m": [1, 41]})
    found = tables(space)
    valid = [[row(found, (first, second)) is not None for second in (0, 1)] for first in (0, 1)]
    assert valid == [[True, True], [True, False]]
