"""``archcost memory``: what people and programs see."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.analysis.memory.at_peak import categories, holders
from archcost.analysis.memory.checkpoints import checkpoint_ranges, depths
from archcost.analysis.memory.conditions import HALVES, Conditions
from archcost.analysis.memory.inference import MIN_PEAK
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.study import study
from archcost.commands import run_options as options
from benchmarks import memory as tables
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

TRAINING = ("--training", "--optimizer", "adam", "--batch", "4")
COMMANDS = {
    "inference_100.txt": (100, ("googlenet",)),
    "inference_60.txt": (60, ("inception_naive",)),
    "order_100.txt": (100, ("inception_naive", "--schedule", "min-peak", "--depth", "1")),
    "training_120.txt": (120, ("resnet50", *TRAINING)),
    "training_60.txt": (60, ("resnet18", *TRAINING, "--mixed", "float16", "--checkpoint", "layer?")),
    "update_100.txt": (100, ("alexnet", "--optimizer", "adam", "--depth", "1", "--no-what-if")),
    "several_100.txt": (100, ("conv5x5", "conv5x5_reduced", "--no-what-if")),
    "inference.json": (None, ("conv5x5_reduced", "--format", "json")),
    "training.json": (None, ("conv5x5_reduced", "--training", "--optimizer", "momentum", "--format", "json")),
    "inference.csv": (None, ("inception_reduced", "--format", "csv", "--schedule", "min-peak")),
    "training.csv": (None, ("inception_reduced", "--format", "csv", "--training")),
    "inference.md": (None, ("inception_naive", "--format", "markdown", "--schedule", "min-peak", "--depth", "1")),
    "inference.tex": (None, ("inception_naive", "--format", "latex", "--schedule", "min-peak", "--depth", "1")),
    "inference.tree": (None, ("inception_naive", "--format", "tree", "--schedule", "min-peak", "--depth", "1")),
    "training.md": (None, ("squeezenet1_1", "--format", "markdown", "--training", "--depth", "1")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    columns, arguments = COMMANDS[name]
    result = run("memory", *arguments, columns=columns)
    assert result.code == 0, result.err
    golden(f"memory/{name}", result.out)
    if columns:
        assert all(len(line) <= columns for line in result.out.splitlines() if line.startswith(" "))


def document(run: Callable[..., Run], *arguments: str) -> Any:
    result = run("memory", *arguments, "--format", "json")
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.mark.parametrize("name", ["googlenet", "inception_naive", "resnet18", "pooling"])
def test_what_is_printed_adds_up(name: str, run: Callable[..., Run]) -> None:
    found = document(run, name)
    assert found["schema"] == "archcost.memory/1"
    assert found["peak_bytes"] == archcost.analyze(name).totals.peak_activation_bytes
    assert found["peak_bytes"] == sum(part["bytes"] for part in found["at_peak"])
    assert found["peak_bytes"] == max(layer["live_bytes"] for layer in found["layers"])
    training = document(run, name, "--training")
    assert training["peak_bytes"] == sum(part["bytes"] for part in training["at_peak"])
    assert training["peak_bytes"] == max(training["phases"].values())
    kept = sum(layer["kept_bytes"] for layer in training["layers"])
    assert kept == sum(part["bytes"] for part in training["at_peak"] if part["category"] == "saved activations")


def test_layers_come_in_the_order_they_run(run: Callable[..., Run]) -> None:
    out = run("memory", "inception_naive", "--schedule", "min-peak", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["path"] for row in rows][:2] == ["pool.max_pool2d", "pool.conv_relu.conv2d"]
    assert max(int(row["live_bytes"]) for row in rows) == 2_408_448


def test_options_change_the_figures(run: Callable[..., Run]) -> None:
    plain = document(run, "vgg11", "--batch", "2", "--no-what-if")
    assert plain["what_if"] == []
    half = document(run, "vgg11", "--batch", "2", "--dtype", "float16")
    assert plain["peak_bytes"] // 2 < half["peak_bytes"] < plain["peak_bytes"]  # indices are not halved
    assert document(run, "vgg11", "--batch", "2", "--inplace")["peak_bytes"] < plain["peak_bytes"]
    training = document(run, "vgg11", "--training")
    assert training["optimizer_bytes"] == 0
    assert document(run, "vgg11", "--optimizer", "momentum")["optimizer_bytes"] == training["param_bytes"]
    adam, foreach = (document(run, "vgg11", "--optimizer", "adam", *more) for more in ((), ("--foreach",)))
    assert adam["peak_phase"] == foreach["peak_phase"] == "update"
    assert foreach["peak_bytes"] != adam["peak_bytes"]
    whole = document(run, "resnet18", "--training", "--batch", "8")
    mixed = document(run, "resnet18", "--mixed", "float16", "--batch", "8")
    assert mixed["peak_bytes"] < whole["peak_bytes"]
    assert mixed["param_bytes"] == whole["param_bytes"]


def test_what_if_tells_what_the_option_does(run: Callable[..., Run]) -> None:
    found = document(run, "resnet18", "--training", "--batch", "8")
    options = {"--mixed", "--inplace", "--checkpoint", "--batch", "--parallel"}
    assert {entry["option"].split()[0] for entry in found["what_if"]} == options
    tells_what_it_does(run, found, "resnet18", "--training", "--batch", "8")


@pytest.mark.parametrize(
    ("given", "further"),
    [
        (("--optimizer", "adam"), {"--optimizer", "--lora", "--parallel"}),
        (("--optimizer", "lion", "--batch", "6", "--accumulate", "3"), {"--optimizer", "--lora", "--batch"}),
        (("--lora", "2", "--parallel", "tensor=2", "--checkpoint", "*"), {"--parallel", "--mixed"}),
        (("--optimizer", "adamw8bit", "--dtype", "bfloat16", "--master-weights"), {"--lora", "--parallel"}),
    ],
)
def test_what_if_of_a_transformer(given: tuple[str, ...], further: set[str], run: Callable[..., Run]) -> None:
    arguments = ("vit_b_32", *given)
    found = document(run, *arguments)
    assert further <= {entry["option"].split()[0] for entry in found["what_if"]}
    tells_what_it_does(run, found, *arguments)


def tells_what_it_does(run: Callable[..., Run], found: Any, *arguments: str) -> None:
    """Each option gives what is told of it, and the best comes first."""
    peaks = [entry["peak_bytes"] for entry in found["what_if"]]
    assert peaks == sorted(peaks)
    for entry in found["what_if"]:
        options = entry["option"].replace("'", "").split()
        again = document(run, *arguments, *options, "--no-what-if")
        assert again["peak_bytes"] == entry["peak_bytes"], entry


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--checkpoint", "stage*"), "no block of resnet18 fits --checkpoint 'stage*'"),
        (("--training", "--schedule", "min-peak"), "--schedule is for inference"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    result = run("memory", "resnet18", *arguments)
    assert result.code == 2
    assert message in result.err
    assert "help:" in result.err or "--schedule" in message


def test_a_spec_with_errors_is_named(run: Callable[..., Run], tmp_path: Any) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("archcost: 1\ninput: [3, 8, 8]\nlayers:\n  - conv2d: {out_channels: 4, kernel_size: 9}\n")
    result = run("memory", str(path), "conv1x1")
    assert result.code == 2
    assert "does not fit" in result.err
    assert "conv1x1" in result.out


def test_long_sequences_train_within_limits(run: Callable[..., Run], tmp_path: Any) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("archcost: 1\ninput: [1000000, 4]\nlayers:\n  - lstm: {hidden_size: 4}\n")
    assert document(run, str(path))["peak_bytes"] > 10**6 * 4 * 4
    result = run("memory", str(path), "--training")
    assert result.code == 2
    assert "at most 4,096 steps" in result.err


def test_patterns_name_parts_of_paths() -> None:
    graph = archcost.analyze("resnet18").graph
    assert depths(graph) == ["*", "*.*", "*.*.*"]
    outer, inner = checkpoint_ranges(graph, ["layer1"]), checkpoint_ranges(graph, ["layer1.*"])
    assert (outer[0].start, outer[0].stop) == (inner[0].start, inner[-1].stop)
    assert checkpoint_ranges(graph, ["layer1", "layer1.*"]) == outer
    assert checkpoint_ranges(graph, ["layer1.**"]) == inner  # of what is below layer1 the outermost
    assert checkpoint_ranges(graph, ["**"]) == checkpoint_ranges(graph, ["*"])


def test_what_holds_the_peak_has_names() -> None:
    report = archcost.analyze("inception_naive")
    found = study(report, Conditions(schedule=MIN_PEAK)).inference
    assert found is not None
    assert {part.name for part in holders(report.graph, found)} == {"input", "pool.max_pool2d"}
    training = study(report, Conditions(training=True)).training
    assert training is not None
    assert sum(categories(training).values()) == training.peak.live


def test_the_tables_of_the_docs_are_in_step(pytestconfig: pytest.Config) -> None:
    """The rows of the cheapest model of each family, and those of all models under ``--all``."""
    page = tables.PAGE.read_text(encoding="utf-8")
    if pytestconfig.getoption("--all"):
        assert tables.renewed(page) == page, "run python -m benchmarks.memory"
    models = sorted(archcost.zoo(), key=lambda model: model.macs, reverse=True)
    cheapest = [model.name for model in {model.family: model for model in models}.values()]
    found = tables.rows(cheapest, measured=False)
    assert len(found) > 60
    assert [row.name for row in found if tables.shown(row) not in page] == [], "run python -m benchmarks.memory"


def test_the_tables_of_the_docs_have_all_models() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    missing = [name for name in zoo.names() if not re.search(rf"^\| [^|]*\| {name} \| [\d,]+ \|", page, re.MULTILINE)]
    kinds = [{node.op.kind for node in zoo_report(name).graph.nodes} for name in missing]
    assert all(tables.UNMEASURED & each for each in kinds), missing


def test_the_words_of_options_are_those_that_there_are() -> None:
    """The command has them without loading what they name."""
    assert tuple(OPTIMIZERS) == options.OPTIMIZERS
    assert options.HALVES == HALVES
