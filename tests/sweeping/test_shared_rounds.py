"""Rounds that designs make in common: walked once for all of them, and each design with the rounds that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from archcost.graph.rounds import RoundMaker
from archcost.sweeping.walk import tables
from tests.sweeping.hard_spaces import space_of, written
from tests.sweeping.rows import assert_rows_agree

if TYPE_CHECKING:
    from pathlib import Path

CONVS = """\
input: [8, 16, 16]
params: {depth: 3, more: 0, width: 8, stop: 9}
blocks:
  widen:
    params: {j: , out: "$(width + 8 * j)"}
    layers:
      - {conv2d: {out_channels: $out, kernel_size: 3, padding: 1}, when: $(out != in_channels)}
      - relu
layers:
"""
BODY = "  - {id: body, repeat: $(depth + more), as: j, widen: {j: $j}}\n"
CHAIN = CONVS + BODY + "  - {conv2d: {out_channels: 4, kernel_size: 1}}\n"
LATER = "  - {add: , from: [body.0, body.2]}\n"
ALL = "  - {concat: 1, from: body.*}\n"
PAIRS = """\
inputs: {a: [4, 8, 8], b: [4, 8, 8]}
params: {depth: 2, out: 4}
blocks:
  both:
    inputs: [a, b]
    layers: [{id: sum, add: , from: [a, b]}, {id: c, conv2d: {out_channels: 4, kernel_size: 1}, from: sum}]
    outputs: [c, a]
layers:
  - {id: body, repeat: $depth, both, from: [a, b]}
  - {add: , from: body}
  - {conv2d: {out_channels: $out, kernel_size: 1}}
"""
SHRINKING = """\
input: [4, 16, 16]
params: {depth: 2, out: 4}
layers:
  - {id: body, repeat: $depth, conv2d: {out_channels: $out, kernel_size: 3, stride: 2}}
"""
CHANGING = (
    CONVS
    + """\
  - {id: body, repeat: $depth, as: j, "$('relu' if j % 2 else 'gelu')": {}, when: $(j != stop)}
  - {id: end, conv2d: {out_channels: $width, kernel_size: 1}}
"""
)


@pytest.mark.parametrize(
    ("text", "vary", "fails"),
    [
        (CHAIN, {"depth": [1, 2, 5, 7, 8], "width": [8, 16]}, 0),
        (CHAIN, {"depth": [0, 1, 3], "width": [8, 16]}, 0),  # some make none
        (CHAIN, {"depth": [7, 2, 4], "more": [3, 0, 1], "width": [8, 16]}, 0),  # two axes make the number
        (CHAIN, {"depth": [-1, 2, 3]}, 1),
        (CHAIN, {"depth": [1.5, 2, 3]}, 1),
        (CHAIN.replace("8 * j", "0 * j") + LATER, {"depth": [1, 2, 3, 5], "width": [8, 16]}, 4),  # 1 and 2: no body.2
        (CONVS + BODY + ALL, {"depth": [2, 3, 5], "width": [8, 16]}, 0),
        (PAIRS, {"depth": [1, 2, 3, 6], "out": [4, 8]}, 0),
        (SHRINKING, {"depth": [1, 2, 3, 4, 5], "out": [4, 8]}, 4),  # 16, 7, 3, 1: nothing for a fourth and a fifth
        (CHANGING, {"depth": [1, 2, 4], "stop": [0, 1, 9]}, 0),
    ],
)
def test_each_design_has_its_own_rounds(text: str, vary: dict[str, list[Any]], fails: int, tmp_path: Path) -> None:
    assert assert_rows_agree(space_of(written(tmp_path, text), vary), 100)[1] == fails


def test_rounds_that_all_make_are_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depths of 4, 6 and 9: four rounds for all, two more for 6 and 9, and three more for 9."""
    made = []
    turn = RoundMaker.turn

    def noted(self: RoundMaker, step: Any, kind: str, name: str, number: int, *others: Any, **options: Any) -> Any:
        made.append(number)
        return turn(self, step, kind, name, number, *others, **options)

    monkeypatch.setattr(RoundMaker, "turn", noted)
    text = (
        "input: [8, 4, 4]\nparams: {depth: 4}\nlayers: [{repeat: $depth, conv2d: {out_channels: 8, kernel_size: 1}}]\n"
    )
    tables(space_of(written(tmp_path, text), {"depth": [4, 6, 9]}))
    assert made == [0, 1, 2, 3, 4, 5, 6, 7, 8]
