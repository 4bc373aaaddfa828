"""The kernels of a training step, by hand."""

from __future__ import annotations

import pytest

import archcost
from archcost.analysis.report import analyze
from archcost.settings import Settings
from archcost.spec.loader import loads
from archcost.timing.kernels import RunMode
from archcost.timing.prediction import kernels_of

LINEAR = "archcost: 1\ninput: [64]\nlayers:\n  - {linear: {out_features: 32, bias: false}, id: a}\n  - relu\n"
TWO = LINEAR + "  - {linear: {out_features: 8, bias: false}, id: b}\n"


def step(text: str, optimizer: str = "sgd") -> list[tuple[str, int, int, int]]:
    """The kernels of a step at batch 10: whose they are, MACs, bytes read, and bytes written."""
    report = analyze(loads(text), Settings(batch=10, training=True))
    kernels = kernels_of(report, RunMode(training=True, optimizer=optimizer))
    paths = [layer.path for layer in report.layers]
    return [(paths[k.node], k.macs, k.read, k.written) for k in kernels]


def test_each_factor_that_needs_a_gradient_is_a_product() -> None:
    macs_a, macs_b = 10 * 64 * 32, 10 * 32 * 8
    found = [(path, macs) for path, macs, _, _ in step(TWO) if macs]
    # b has a gradient of its input and of its weights; the input of a needs none
    assert found == [("a", macs_a), ("b", macs_b), ("b", macs_b), ("b", macs_b), ("a", macs_a)]


def test_a_pass_is_taken_back_by_one_that_reads_both_sides() -> None:
    n = 4 * 10 * 32
    found = [(read, written) for path, _, read, written in step(TWO) if path == "relu"]
    assert found == [(n, n), (2 * n, n)]


def test_the_optimizer_reads_params_gradients_and_states() -> None:
    params = 4 * 64 * 32
    assert step(LINEAR)[-1] == ("relu", 0, 2 * params, params)
    # two states, and a counter of steps
    assert step(LINEAR, "adamw")[-1] == ("relu", 0, 2 * params + 2 * params + 4, params + 2 * params + 4)


def test_the_update_is_of_no_layer() -> None:
    """Whatever the optimizer, the layers take what they take, and the step takes the rest."""
    sgd, adamw = [archcost.predict("resnet18", device="t4", optimizer=name) for name in ("sgd", "adamw")]
    assert sgd.layers == adamw.layers
    assert adamw.update_ns > sgd.update_ns > 0
    for found in (sgd, adamw):
        assert sum(layer.nanoseconds for layer in found.layers) + found.update_ns == found.nanoseconds
        assert found.to_dict()["update_ns"] == found.update_ns
    forward = archcost.predict("resnet18", device="t4")
    assert forward.update_ns == 0
    assert "update_ns" not in forward.to_dict()


def test_gradients_of_a_value_that_two_layers_read_are_added() -> None:
    fork = LINEAR + "  - {sigmoid, from: relu}\n  - {add, from: [relu, sigmoid]}\n"
    n = 4 * 10 * 32
    sums = [(read, written) for path, macs, read, written in step(fork) if path == "relu" and not macs]
    assert (2 * n, n) in sums[2:]


def test_what_is_frozen_has_no_backward_pass() -> None:
    frozen = LINEAR.replace(", id: a}", ", id: a, requires_grad: false}")
    assert [path for path, *_ in step(frozen)] == ["a", "relu"]


@pytest.mark.parametrize(("model", "optimizer"), [("resnet44", "lion8bit"), ("shufflenet_v1_x0_5", "adamw")])
def test_a_step_takes_no_less_at_a_larger_batch(model: str, optimizer: str) -> None:
    """The update reads what is of all layers: nothing of it is in the cache that the last pass back has left there."""
    spent = [archcost.predict(model, device="4090", batch=n, optimizer=optimizer).nanoseconds for n in (1, 2, 7)]
    assert spent == sorted(spent)
