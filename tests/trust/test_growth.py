"""Commands on models that are wide in one place end in time: calls are counted, and work stops at its bound."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost import globs
from archcost.analysis.memory import schedule
from archcost.analysis.memory.alternatives import training_whatifs
from archcost.analysis.memory.conditions import Conditions
from archcost.analysis.memory.inference import MIN_PEAK, inference_memory
from archcost.analysis.memory.shadow_torch import EVENT, PER_NODE, Machine
from archcost.analysis.memory.study import study
from archcost.analysis.memory.training import Setting, training_memory
from archcost.errors import UsageError
from archcost.exporting.names import Taken, unused
from archcost.exporting.source import to_torch
from archcost.globs import GlobError, expand
from archcost.graph.unroll import unroll
from archcost.meter import BUDGET, PER_LAYER, Meter, WorkError
from archcost.settings import Settings
from archcost.spec.loader import load, loads
from tests.trust.test_long_models import calls

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "archcost: 1\nname: wide\ninput: [8]\n"


def listed(name: str, count: int, *, backwards: bool = False) -> str:
    numbers = range(count)
    return ", ".join(f"{name}{k}" for k in (reversed(numbers) if backwards else numbers))


def fan(count: int) -> str:
    """Layers that all wait for one that takes the last of them first."""
    steps = "".join(f"- {{id: l{k}, linear: {{out_features: 8}}, from: input}}\n" for k in range(count))
    return f"{HEAD}layers:\n{steps}- {{concat: , from: [{listed('l', count, backwards=True)}]}}\n"


def fan_in_order(count: int) -> str:
    return fan(count).replace(listed("l", count, backwards=True), listed("l", count))


def pieces(count: int) -> str:
    return f"archcost: 1\nname: wide\ninput: [{count}]\nlayers: [{{chunk: {{chunks: {count}, dim: 1}}}}]\n"


def pieces_and_readers(count: int) -> str:
    steps = "".join(f"- {{id: r{k}, linear: {{out_features: 4}}, from: c.{k}}}\n" for k in range(count))
    return (
        f"archcost: 1\nname: wide\ninput: [{count}]\nlayers:\n- {{id: c, chunk: {{chunks: {count}, dim: 1}}}}\n"
        f"{steps}- {{concat: , from: [{listed('r', count)}]}}\n"
    )


def several_inputs(count: int) -> str:
    names = "".join(f"  i{k}: [8]\n" for k in range(count))
    steps = "".join(f"- {{id: l{k}, linear: {{out_features: 8}}, from: i{k}}}\n" for k in range(count))
    return f"archcost: 1\nname: wide\ninputs:\n{names}layers:\n{steps}- {{concat: , from: [{listed('l', count)}]}}\n"


def constants(count: int) -> str:
    steps = "".join(f"- {{id: t{k}, parameter: {{shape: [8]}}}}\n" for k in range(count))
    return f"{HEAD}layers:\n{steps}- {{add: , from: [input, {listed('t', count)}]}}\n"


def in_place(count: int) -> str:
    return f"{HEAD}layers:\n- linear: {{out_features: 8}}\n" + "- relu: {inplace: true}\n" * count


SHAPES = {
    function.__name__: function
    for function in (fan, fan_in_order, pieces, pieces_and_readers, several_inputs, constants, in_place)
}
COMMANDS = {
    "memory": ["memory"],
    "markdown": ["memory", "--format", "markdown"],
    "export": ["export"],
    "explain": ["explain"],
}


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


@pytest.mark.parametrize("name", SHAPES)
def test_calls_grow_in_proportion(name: str, pytestconfig: pytest.Config) -> None:
    shape, least = SHAPES[name], 200 if pytestconfig.getoption("--all") else 100

    def run(count: int) -> None:
        report = archcost.analyze(loads(shape(count)))
        study(report, Conditions(whatifs=False))
        to_torch(report)

    run(50)  # what is worked out once
    assert calls(lambda: run(4 * least)) < 4 * calls(lambda: run(least)) * 1.15


# Each command once, and the cheapest; the others are long, and counted above with fewer layers.
PAIRS = [
    ("fan", "memory"),
    ("fan_in_order", "explain"),
    ("pieces", "markdown"),
    ("pieces", "export"),
]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        pytest.param(name, command, marks=[] if (name, command) in PAIRS else [pytest.mark.long])
        for name in ("fan", "fan_in_order", "pieces", "pieces_and_readers")
        for command in COMMANDS
    ],
)
def test_wide_models_end(name: str, command: str, tmp_path: Path) -> None:
    """10,000 at once: what looks at all of them for each takes 10⁸ looks, beyond any cap on a slow machine."""
    (tmp_path / "spec.yaml").write_text(SHAPES[name](10_000))
    words = [sys.executable, "-m", "archcost", *COMMANDS[command], "spec.yaml"]
    result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert result.returncode == 0, result.stderr[-500:]


def test_a_name_that_is_free_is_the_one_with_the_least_number() -> None:
    taken = Taken(["x", "x2", "x_3", "y1"])
    assert [taken.free(name) for name in ("z", "x", "y1")] == ["z", "x4", "y1_2"]
    taken.add("x4")
    assert taken.free("x") == unused("x", ["x", "x2", "x_3", "x4"]) == "x5"
    taken.discard("x_3")
    assert taken.free("x") == "x3"
    taken.discard("x2")
    assert taken.free("x") == "x2"
    taken.discard("x")
    assert taken.free("x") == "x"


def test_events_of_the_machine_are_work() -> None:
    meter = Meter()
    machine = Machine(meter=meter)
    kept = [machine.new((4,), "float32") for _ in range(3)]
    assert meter.spent == len(kept) * EVENT


def test_parts_of_layers_that_train_are_counted() -> None:
    """1,000 layers of 9 positions are 9,000 steps; of 2 positions 2,000, each of which is some 30 events."""
    head = "archcost: 1\nname: r\n"
    layers = "layers: [{lstm: {hidden_size: 4, num_layers: 1000}}]\n"
    with pytest.raises(UsageError, match="at most 8,192 steps"):
        training_memory(unroll(loads(f"{head}input: [9, 4]\n{layers}"), Settings(training=True)), Setting())
    graph = unroll(loads(f"{head}input: [2, 4]\n{layers}"), Settings(training=True))
    meter = Meter()
    training_memory(graph, Setting(), meter=meter)
    assert 2000 * 20 * EVENT < meter.spent < BUDGET
    with pytest.raises(WorkError) as caught:
        training_memory(graph, Setting(), meter=Meter(10_000))
    assert caught.value.diagnostics[0].mark == graph.nodes[0].mark


def test_what_is_tried_is_left_out_where_work_runs_out() -> None:
    text = "archcost: 1\nname: r\ninput: [10, 4]\nlayers: [{lstm: {hidden_size: 4, num_layers: 8}}]\n"
    graph = unroll(loads(text), Settings(training=True))
    step = Conditions(training=True)
    assert training_whatifs(graph, step, Meter(1000)) == []
    found = {entry.name for entry in training_whatifs(graph, step, Meter())}
    assert found == {"mixed precision", "ZeRO 3 on 8 devices"}


@pytest.mark.parametrize("name", ["resnet18", "gpt2", "mixtral_8x7b", "inception_v3"])
def test_models_of_the_zoo_train_far_below(name: str) -> None:
    graph = unroll(load(name), Settings(training=True))
    meter = Meter()
    training_memory(graph, Setting(), meter=meter)
    assert meter.allowed == BUDGET + PER_NODE * PER_LAYER * len(graph.nodes)
    assert meter.spent < meter.allowed // 4


def crossing(count: int) -> str:
    """Layers of many sizes, each read by two that come much later: the order of the lowest peak is hard to find."""
    first = "".join(f"- {{id: a{k}, linear: {{out_features: {1 + k * 7919 % 997}}}, from: s}}\n" for k in range(count))
    second = "".join(f"- {{id: b{k}, concat: , from: [a{k}, a{(k * 31 + 7) % count}]}}\n" for k in range(count))
    third = "".join(f"- {{id: c{k}, linear: {{out_features: 3}}, from: b{k}}}\n" for k in range(count))
    join = f"- {{concat: , from: [{listed('c', count)}]}}\n"
    return f"{HEAD}layers:\n- {{id: s, linear: {{out_features: 8}}}}\n{first}{second}{third}{join}"


def test_searches_for_an_order_share_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Meter] = []

    class Noted(Meter):
        def __init__(self, allowed: int) -> None:
            super().__init__(allowed)
            made.append(self)

    monkeypatch.setattr(schedule, "Meter", Noted)
    monkeypatch.setattr(schedule, "WORK", 20_000)
    graph = unroll(loads(crossing(40)))
    found = inference_memory(graph, schedule=MIN_PEAK)
    assert found.peak <= inference_memory(graph).peak
    assert not found.exact
    (meter,) = made
    assert 20_000 < meter.spent < 20_000 + 40_000  # one set of layers, or one step of the beam, beyond


def test_globs_count_what_they_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three files of 6 characters: 18 to find them, and 18 for each glob that may leave them out."""
    for name in "abc":
        (tmp_path / f"{name}.yaml").touch()
    monkeypatch.setattr(globs, "MAX_LETTERS", 54)
    assert len(expand(["*.yaml", "!z.yaml"], str(tmp_path))) == 3
    monkeypatch.setattr(globs, "MAX_LETTERS", 53)
    with pytest.raises(GlobError, match="more than 53 characters of paths") as caught:
        expand(["*.yaml", "!z.yaml"], str(tmp_path))
    assert caught.value.number == 1


def test_a_glob_comes_to_a_folder_once_for_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six parts, none looks at a file twice: 11 folders in each other, one file, at most 6 · 12 looks."""
    folder = tmp_path.joinpath(*["d"] * 11)
    folder.mkdir(parents=True)
    (folder / "x.yaml").touch()
    monkeypatch.setattr(globs, "MAX_ENTRIES", 6 * 12)
    assert len(expand(["**/*/**/*/**/*.yaml"], str(tmp_path))) == 1
