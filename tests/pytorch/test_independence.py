"""The proof that verify can fail: every rule of every op, wrong by one unit, is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.ops import REGISTRY
from archcost.pytorch.verify import verify
from tests.cover import some
from tests.ops.cases import CASES, Case
from tests.pytorch.support import case_spec

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.dims import Shape

FIRST = {case.kind: case for case in reversed(CASES)}
KINDS = sorted(REGISTRY)
COUNTED = [kind for kind in KINDS if kind != "custom"]  # its MACs are declared: nothing else knows them


def broken(monkeypatch: pytest.MonkeyPatch, kind: str, rule: str, change: Any) -> None:
    """Replace a rule of an op by one whose result is changed."""
    original = getattr(REGISTRY[kind], rule)
    monkeypatch.setattr(REGISTRY[kind], rule, lambda *arguments: change(original(*arguments)))


def one_longer(shape: Shape) -> Shape:
    return (*shape[:-1], shape[-1] + 1) if shape else (1,)


def judged(case: Case) -> Report:
    """The report under the rules as they are now."""
    return archcost.analyze(case_spec(case))


def metrics(case: Case) -> set[str]:
    return {mismatch.metric for mismatch in verify(judged(case)).mismatches}


@pytest.mark.parametrize("kind", some(COUNTED, COUNTED[::3]))
def test_one_mac_too_many_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, kind, "macs", lambda macs: macs + 1)
    assert metrics(FIRST[kind]) == {"macs"}


@pytest.mark.parametrize("kind", some(KINDS, KINDS[::3]))
def test_one_number_too_many_in_a_weight_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(tensors: dict[str, Shape]) -> dict[str, Shape]:
        name = next(iter(tensors), "weight")
        return {**tensors, name: one_longer(tensors[name]) if name in tensors else (1,)}

    broken(monkeypatch, kind, "weights", change)
    assert "params" in metrics(FIRST[kind])


@pytest.mark.parametrize("kind", some(KINDS, KINDS[::3]))
def test_one_number_too_many_in_a_buffer_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, kind, "buffers", lambda tensors: {**tensors, "running_mean": (7919,)})
    assert "buffers" in metrics(FIRST[kind])


@pytest.mark.parametrize("kind", some(KINDS, KINDS[::3]))
def test_one_element_too_many_in_an_output_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, kind, "infer", lambda outputs: (one_longer(outputs[0]), *outputs[1:]))
    assert "output" in metrics(FIRST[kind])


@pytest.mark.parametrize("kind", some(KINDS, KINDS[::3]))
def test_an_output_too_many_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, kind, "infer", lambda outputs: (*outputs, (1,)))
    (mismatch,) = verify(judged(FIRST[kind])).mismatches
    count = len(judged(FIRST[kind]).layers[0].output)
    assert str(mismatch) == f"layer ({kind}): PyTorch does not run it: layer gives {count - 1} tensors, not {count}"


def test_frozen_weights_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "linear", "trainable", lambda trainable: not trainable)
    assert metrics(FIRST["linear"]) == {"trainable"}


def test_weights_under_another_name_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "linear", "weights", lambda tensors: {f"my_{name}": t for name, t in tensors.items()})
    assert metrics(FIRST["linear"]) == {"params"}
