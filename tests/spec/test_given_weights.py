"""A convolution or linear step of several inputs has its weight from another layer."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator

import archcost
from archcost.analysis.traffic import traffic_of
from archcost.errors import SpecError
from archcost.spec.loader import loads
from archcost.spec.schema import spec_schema

PARAMETER = "{id: w, parameter: {shape: [8, 8, 3, 3]}}"
BIAS = "{id: b, parameter: {shape: [8]}}"


def report(*steps: str) -> archcost.Report:
    text = "archcost: 1\ninput: [8, 16, 16]\nlayers:\n" + "".join(f"  - {step}\n" for step in steps)
    return archcost.analyze(loads(text))


@pytest.mark.parametrize(
    ("steps", "params", "flops"),
    [
        ([PARAMETER, "{conv2d: {padding: 1}, from: [input, w]}"], 576, 0),
        ([PARAMETER, "{conv2d: {padding: 1, groups: 1, stride: 1}, from: [input, w]}"], 576, 0),
        ([PARAMETER, BIAS, "{conv2d: {padding: 1}, from: [input, w, b]}"], 576 + 8, 16 * 16 * 8),
        (["{functional_conv2d: {padding: 1}, branches: {x: , w: [{parameter: {shape: [8, 8, 3, 3]}}]}}"], 576, 0),
        (["{conv2d: {padding: 1}, branches: {x: , w: [{parameter: {shape: [8, 8, 3, 3]}}]}}"], 576, 0),
    ],
)
def test_a_given_kernel(steps: list[str], params: int, flops: int) -> None:
    found = report(*steps)
    last = found.layers[-1]
    assert (last.op, last.output) == ("functional_conv2d", ((1, 8, 16, 16),))
    assert (found.totals.params, last.params) == (params, 0)
    assert last.macs == 256 * 8 * 72  # 147,456
    assert last.flops == 2 * last.macs + flops


def test_a_given_kernel_of_a_transposed_convolution() -> None:
    found = report("{id: w, parameter: {shape: [8, 4, 2, 2]}}", "{conv_transpose2d: {stride: 2}, from: [input, w]}")
    last = found.layers[-1]
    assert (last.op, last.output) == ("functional_conv_transpose2d", ((1, 4, 32, 32),))
    assert (found.totals.params, last.params) == (8 * 4 * 2 * 2, 0)
    assert last.macs == 256 * 8 * 4 * 2 * 2  # as many as a conv_transpose2d of its own weight has
    own = report("conv_transpose2d: {out_channels: 4, kernel_size: 2, stride: 2, bias: false}")
    assert last.macs == own.totals.macs


def test_a_given_matrix() -> None:
    found = report("{id: w, parameter: {shape: [5, 16]}}", "{linear: , from: [input, w]}")
    last = found.layers[-1]
    assert (last.op, last.output, last.params) == ("functional_linear", ((1, 8, 16, 5),), 0)
    assert last.macs == 8 * 16 * 5 * 16


def test_its_weight_is_moved_as_an_input() -> None:
    found = report(PARAMETER, "{conv2d: {padding: 1}, from: [input, w]}")
    traffic = traffic_of(found.layers[-1].node, "float32", 0)
    assert traffic.moved == 4 * (8 * 16 * 16 + 576 + 8 * 16 * 16)


@pytest.mark.parametrize("step", ["conv2d: {padding: 1}", "{conv2d: {padding: 1}, from: input}"])
def test_one_input_needs_what_it_always_did(step: str) -> None:
    with pytest.raises(SpecError, match="conv2d needs 'out_channels', 'kernel_size'"):
        report(step)


def test_what_follows_from_the_weight_is_no_attribute() -> None:
    with pytest.raises(SpecError, match="unknown attribute 'kernel_size' of functional_conv2d"):
        report(PARAMETER, "{conv2d: {kernel_size: 3}, from: [input, w]}")


@pytest.mark.parametrize("attributes", [{"padding": 1}, {"out_channels": 8, "kernel_size": 3}])
def test_editors_take_both_forms(attributes: dict[str, int]) -> None:
    step = {"conv2d": attributes, "from": ["input", "w"]}
    spec = json.loads(json.dumps({"archcost": 1, "input": [8, 16, 16], "layers": [step]}))
    assert not list(Draft7Validator(spec_schema()).iter_errors(spec))
