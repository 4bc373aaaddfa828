"""Params that a change leaves unused: they go from their blocks and from every call, and warnings do not grow."""

from __future__ import annotations

import pytest

import archcost
from archcost.spec.loader import loads

TOP = "archcost: 1\nname: example\ninput: [64, 14, 14]\n"
UNIT = "conv2d: {out_channels: $out, kernel_size: $kernel, padding: 1}"

SPECS = {
    "in braces": f"""blocks:
  unit: {{params: {{out: , kernel: 3}}, layers: [{UNIT}, relu]}}
layers: [{{id: a, unit: {{out: 64, kernel: 3}}}}, {{id: b, unit: {{out: 64}}}}]
""",
    "in lines, with a value alone": f"""blocks:
  unit:
    params:
      out:
      kernel: 3   # a side
    layers:
      - {UNIT}
      - relu
layers:
  - id: a
    unit:
      out: 64
      kernel: 3
  - {{id: b, unit: 64}}
""",
    "the only ones of their calls": """blocks:
  unit: {params: {kernel: }, layers: [conv2d: {out_channels: 64, kernel_size: $kernel, padding: 1}, relu]}
layers: [{id: a, unit: 3}, {id: b, unit: {kernel: 3}}]
""",
    "handed on by a block": f"""blocks:
  unit: {{params: {{out: , kernel: 3}}, layers: [{UNIT}, relu]}}
  pair: {{params: {{side: 3}}, layers: [unit: {{out: 64, kernel: $side}}, {{id: b, unit: {{out: 64, kernel: $side}}}}]}}
layers: [{{id: first, pair: {{side: 3}}}}, pair]
""",
    "of the spec": """params: {side: 3, width: 64}
layers: [conv2d: {out_channels: $width, kernel_size: $side, padding: 1}, relu]
""",
    "chosen by an expression": f"""blocks:
  unit: {{params: {{out: , kernel: 3}}, layers: [{UNIT}, relu]}}
  pool: {{params: {{out: , kernel: 3}}, layers: [conv2d: {{out_channels: $out, kernel_size: $(kernel - 2)}}]}}
layers: [{{id: body, repeat: 2, layers: [$("unit" if i == 0 else "pool"): {{out: 64, kernel: 3}}]}}]
""",
    "in use of nobody from the start": """params: {unneeded: 1}
blocks:
  unit: {params: {kernel: 3, other: 2}, layers: [conv2d: {out_channels: 64, kernel_size: $kernel, padding: 1}, relu]}
layers: [{id: a, unit: {other: 4}}, relu]
""",
}


@pytest.mark.parametrize("body", SPECS.values(), ids=SPECS)
def test_a_changed_spec_warns_of_nothing_new(body: str) -> None:
    before = archcost.analyze(loads(TOP + body))
    found = archcost.suggest(before, only="asymmetric")
    (suggestion,) = found.listed
    after = archcost.analyze(loads(found.apply([1])))
    assert {one.message for one in after.warnings} <= {one.message for one in before.warnings}
    assert after.totals.macs == suggestion.after.macs < before.totals.macs
    assert after.outputs == before.outputs


def test_what_is_not_used_goes_from_block_and_calls() -> None:
    text = archcost.suggest(
        archcost.analyze(loads(TOP + SPECS["in lines, with a value alone"])), only="asymmetric"
    ).apply()
    assert "    params:\n      out:\n    layers:\n" in text
    assert "    unit:\n      out: 64\n  - {id: b, unit: 64}\n" in text


def test_what_was_unused_before_stays() -> None:
    before = archcost.analyze(loads(TOP + SPECS["in use of nobody from the start"]))
    text = archcost.suggest(before, only="asymmetric").apply()
    assert "params: {unneeded: 1}" in text
    assert "params: {other: 2}" in text
