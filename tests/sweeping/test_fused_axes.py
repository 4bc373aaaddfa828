"""Axes that decide together are walked as one, and what comes out is the same as if they were not."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from archcost.settings import Settings
from archcost.sweeping import fusing
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.walk import tables
from tests.sweeping.hard_spaces import SPACES, space_named, space_of, written
from tests.sweeping.rows import assert_rows_agree, entry, row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from archcost.sweeping.tables import SpaceTables

# Four axes decide where a stage begins; the fifth is free, and `c` is not read where `a` is 1.
STAGES = """\
input: [8, 16, 16]
params: {a: 1, b: 1, c: 1, n: 3, w: 8}
layers:
  - repeat: $n
    layers:
      - {when: "$((a * (i + 1) + b * c) % 3 == 0)", conv2d: {out_channels: $w, kernel_size: 1}}
      - {when: "$(a > 1 and (a + b + c + i) % 2 == 0)", batch_norm2d: }
      - relu
"""
# The element of a list that depends on another axis, and one that does not.
ELEMENTS = """\
input: [4, 8, 8]
params: {w: 1, widths: [$w, '$(2 * w)', 3], k: [1, 3]}
layers:
  - repeat: 3
    layers:
      - linear: "$(widths[i])"
      - {when: "$((widths[0] + widths[1] * w + k[0]) % 2 == i % 2)", gelu: }
      - {when: "$((w + k[0] * widths[0]) % 3 == 0)", linear: "$(k[0])"}
"""
# Some combinations of the axes that decide are invalid, and some with the free one.
MASKS = """\
input: [12, 16, 16]
params: {g: 1, k: 1, s: 1, out: 12}
layers:
  - repeat: 3
    layers:
      - {when: "$((g * k + s) % 2 == 0)", conv2d: {out_channels: 12, kernel_size: $k, groups: $g, padding: "$(k // 2)"}}
      - {when: "$((g + k * s + i) % 3 == 1)", max_pool2d: {kernel_size: $s, stride: $s}}
  - conv2d: {out_channels: $out, kernel_size: "$(k if g > 2 else 1)", groups: "$(g if s > 1 else 1)"}
"""
# `u` is in decisions, but never changes one; `v` is read in some designs alone.
UNREAD = """\
input: [4, 8, 8]
params: {a: 1, b: 1, u: 1, v: 1}
layers:
  - repeat: 4
    layers:
      - {when: "$((a * b + 0 * u + i) % 2 == 0)", relu: }
      - {when: "$(a * b > 5 and (a * b + v) % 2 == 0)", gelu: }
"""
ADVERSARIAL: dict[str, tuple[str, dict[str, list[Any]]]] = {
    "stages": (STAGES, {"a": [1, 2, 3, 4], "n": [1, 2, 4], "b": [1, 2, 3], "c": [1, 2, 3, 5], "w": [8, 12]}),
    "elements": (ELEMENTS, {"widths[0]": [1, 2, 5], "w": [1, 2, 3], "k[0]": [1, 2, 3], "widths[2]": [3, 4]}),
    "masks": (MASKS, {"g": [1, 2, 3, 5], "out": [12, 6, 0], "k": [1, 3, 4, 17], "s": [1, 2, 3, 0]}),
    "unread": (UNREAD, {"a": [1, 2, 3], "u": [1, 2], "b": [1, 2, 3, 4], "v": [1, 2, 3]}),
}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Axes are fused as soon as they have cost one group; which ones, as the walks under way number them."""
    found: list[tuple[int, ...]] = []
    fused = fusing.AxisFusion.fused

    def noted(self: fusing.AxisFusion, axes: Sequence[int]) -> fusing.Fusion:
        found.append(tuple(axes))
        return fused(self, axes)

    monkeypatch.setattr(fusing, "MOST_BEYOND", 1)
    monkeypatch.setattr(fusing.AxisFusion, "fused", noted)
    return found


def _designs(space: Space, found: SpaceTables) -> list[tuple[int, ...]]:
    """The designs of a space that are valid, each once."""
    return [
        indices
        for indices in product(*map(range, space.lengths))
        if all(entry(factor, indices) for factor in (*found.valid, *found.distinct))
    ]


def _apart(space: Space, monkeypatch: pytest.MonkeyPatch) -> SpaceTables:
    with monkeypatch.context() as patch:
        patch.setattr(fusing, "MOST_BEYOND", 10**9)
        return tables(space)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_rows_of_fused_axes(
    name: str, tmp_path: Path, soon: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, vary = ADVERSARIAL[name]
    space = space_of(written(tmp_path, text), vary)
    rows, failed = assert_rows_agree(space, 400)
    assert soon, "nothing was fused"
    assert failed < rows
    assert _designs(space, tables(space)) == _designs(space, _apart(space, monkeypatch))


@pytest.mark.parametrize("name", SPACES)
def test_rows_of_hard_spaces_that_fuse_soon(name: str, tmp_path: Path, soon: list[tuple[int, ...]]) -> None:
    del soon
    assert_rows_agree(space_named(name, tmp_path), 40, seed=name)


def test_a_zip_may_be_fused(tmp_path: Path, soon: list[tuple[int, ...]]) -> None:
    zipped = Axis((AxisTarget("a"), AxisTarget("w")), ((1, 8), (2, 16), (3, 4)))
    others = space_of(None, {"b": [1, 2, 3], "c": [1, 2, 3, 5]}).axes
    space = Space(written(tmp_path, STAGES), Settings(), (others[0], zipped, others[1]))
    assert assert_rows_agree(space, 36) == (36, 0)
    assert soon
    assert {axis for term in tables(space).metrics["macs"].terms for axis in term.axes} == {0, 1, 2}


def test_what_axes_add_by_themselves_stays_apart(tmp_path: Path, soon: list[tuple[int, ...]]) -> None:
    """Fused for the sake of an activation, two linears still cost a sum: 4 a + a and 4 b + b params."""
    text = """\
input: [4]
params: {a: 1, b: 1}
layers:
  - {linear: $a, from: input}
  - {linear: $b, from: input}
  - repeat: 3
    layers: [{when: "$((a * b + i) % 3 == 0)", relu: }]
"""
    space = space_of(written(tmp_path, text), {"a": [1, 2, 3, 5], "b": [1, 2, 4]})
    found = tables(space)
    assert soon == [(0, 1)]
    assert [term.axes for term in found.metrics["params"].terms] == [(0,), (1,)]
    assert [row(found, (3, index))["params"] for index in range(3)] == [25 + 5, 25 + 10, 25 + 20]  # type: ignore[index]


def test_axes_that_are_too_long_together_are_walked_apart(
    tmp_path: Path, soon: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusing, "MOST_FUSED", 11)
    text, vary = ADVERSARIAL["stages"]
    assert_rows_agree(space_of(written(tmp_path, text), vary), 100)
    assert all(len(axes) == 2 for axes in soon)  # 4 · 3, 3 · 4 and more are too many, 3 · 3 are not


def test_tables_of_fused_axes_that_are_too_large_are_walked_apart(
    tmp_path: Path, soon: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apart, what decides has 48 entries over a, b and c, and widths have 8 over a and w; fused, these have 96."""
    text = """\
input: [4]
params: {a: 1, b: 1, c: 1, w: 1}
layers:
  - repeat: 3
    layers: [{when: "$((a * b + a * c + b * i) % 5 < 2)", relu: }]
  - {linear: $(a * w), from: input}
"""
    monkeypatch.setattr("archcost.sweeping.operators.MOST_ENTRIES", 60)
    monkeypatch.setattr("archcost.sweeping.joining.MOST_ENTRIES", 60)
    space = space_of(written(tmp_path, text), {"a": [1, 2, 3, 5], "b": [1, 2, 3], "c": [1, 2, 4, 5], "w": [1, 3]})
    assert_rows_agree(space, 96)
    assert soon[0] == (0, 1, 2)
    assert (0, 3) in [term.axes for term in tables(space).metrics["params"].terms]


def test_the_numbers_of_regnets(soon: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the depth decide together where a stage begins, and how wide it is."""
    import archcost

    monkeypatch.setattr(fusing, "MOST_BEYOND", 128)
    space = archcost.space(file="regnet_x").space
    assert assert_rows_agree(space, 12, seed="regnet")[0] == 12
    assert soon == [(1, 2, 3)]
