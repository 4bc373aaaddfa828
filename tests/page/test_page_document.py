"""The document of a page: every figure against the report, the memory study and the explanation that it comes from."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import jsonschema
import pytest

import archcost
from archcost.analysis.costs import Costs
from archcost.render.page.aligned_nodes import comparison_of
from archcost.render.page.folded_nodes import Folded
from archcost.render.page.model_page import ModelPage
from archcost.render.page.page_data import EXACT, figure
from archcost.render.schemas import document_schema
from archcost.spec.loader import loads
from tests.page.zoo_pages import zoo_page
from tests.shared import zoo_report

MODELS = ("googlenet", "llama_3_8b", "resnet50", "stable_diffusion_v1_unet", "mixtral_8x7b", "unet")


@cache
def document(name: str) -> dict[str, Any]:
    """The one model on its page."""
    (model,) = zoo_page(name).to_dict()["models"]
    return dict(model)


def metric(model: dict[str, Any], name: str) -> int:
    return [each["name"] for each in model["metrics"]].index(name)


def children(model: dict[str, Any], parent: int) -> list[int]:
    return [place for place, node in enumerate(model["nodes"]) if node["parent"] == parent]


def place(model: dict[str, Any], path: str) -> int:
    return next(place for place, node in enumerate(model["nodes"]) if node["path"] == path)


@pytest.mark.parametrize("name", MODELS)
def test_figures_of_children_add_up(name: str) -> None:
    model, report = document(name), zoo_report(name)
    nodes = model["nodes"]
    names = [each["name"] for each in model["metrics"]]
    assert [int(each) for each in nodes[0]["figures"]] == [getattr(report.costs, each) for each in names]
    assert nodes[0]["layers"] == report.totals.layers
    for parent, node in enumerate(nodes):
        below = children(model, parent)
        if not below:
            continue
        assert node["layers"] == sum(nodes[child]["layers"] for child in below)
        for number in range(len(names)):
            assert int(node["figures"][number]) == sum(int(nodes[child]["figures"][number]) for child in below)


@pytest.mark.parametrize("name", MODELS)
def test_nodes_stand_before_what_is_below_them(name: str) -> None:
    nodes = document(name)["nodes"]
    assert (nodes[0]["parent"], nodes[0]["depth"], nodes[0]["path"]) == (None, 0, "")
    for number, node in enumerate(nodes[1:], 1):
        assert node["parent"] < number
        assert node["depth"] == nodes[node["parent"]]["depth"] + 1


def test_equal_layers_are_one_node() -> None:
    model = document("llama_3_8b")
    layers = model["nodes"][place(model, "layers.0")]
    assert (layers["name"], layers["times"]) == ("0 … 31", 32)
    gate = model["nodes"][place(model, "layers.0.mlp.gate.gate_proj")]
    assert gate["figures"][metric(model, "params")] == 32 * 4096 * 14336
    assert int(gate["figures"][metric(model, "macs")]) == 32 * 8192 * 4096 * 14336
    assert len(model["nodes"]) < 60 < zoo_report("llama_3_8b").totals.layers


def test_each_layer_has_a_node() -> None:
    report = zoo_report("resnet50")
    page = ModelPage(report)
    counted = Counter(page.folded.of_layers())
    for number, node in enumerate(page.folded.nodes):
        assert counted[number] == (len(node.members) if node.tree.layer is not None else 0)


@pytest.mark.parametrize("name", MODELS)
def test_the_peak_is_that_of_the_report(name: str) -> None:
    model, report = document(name), zoo_report(name)
    run = model["timeline"]["runs"][0]
    assert run["steps"][run["peak"]] == max(run["steps"]) == figure(report.totals.peak)
    fixed = sum(int(each["bytes"]) for each in run["fixed"])
    assert fixed + int(run["steps"][run["peak"]]) == report.totals.run_bytes
    assert len(run["steps"]) == len(model["timeline"]["labels"]) == -(-len(report.layers) // run["layers_a_step"])
    for step, number in enumerate(run["alive"]["of"]):
        assert sum(int(held[1]) for held in run["alive"]["sets"][number]) == int(run["steps"][step])


@pytest.mark.parametrize("training", [False, True])
def test_an_input_belongs_to_no_layer_and_what_the_loss_makes_is_working_memory(training: bool) -> None:
    """One weight and a bias on one number: at the peak there are 4 B of input and 4 B of output."""
    spec = loads("archcost: 1\nname: one\ninput: 1\nlayers: [linear: 1]\n")
    (model,) = archcost.page(archcost.analyze(spec, training=training)).to_dict()["models"]
    run = next(run for run in model["timeline"]["runs"] if run["name"] == "training")
    held = run["alive"]["sets"][run["alive"]["of"][run["peak"]]]
    linear = next(place for place, node in enumerate(model["nodes"]) if node["op"] == "linear")
    assert [linear, 4 + 2 * 4] in held  # its output, and the gradients of its params
    assert [None, 4, "input"] in held
    assert {entry[2] for entry in held if len(entry) > 2} == {"input", "working memory"}
    assert sum(entry[1] for entry in held) == run["steps"][run["peak"]]


NO_LAYERS = "archcost: 1\nname: none\ninput: 4\nlayers:\n  - {when: false, relu: }\n"


@pytest.mark.parametrize("settings", [{}, {"training": True}])
def test_a_model_without_layers_has_a_page(settings: dict[str, Any]) -> None:
    """Its layers may depend on a condition."""
    data = archcost.page(archcost.analyze(loads(NO_LAYERS), **settings), device="rtx4090").to_dict()
    jsonschema.Draft7Validator(document_schema("page")).validate(data)
    (model,) = data["models"]
    assert model["timeline"]["runs"] == []
    assert [node["figures"][metric(model, "params")] for node in model["nodes"]] == [0]


RUNS = {
    "int4": {"weight_dtype": "int4"},
    "min-peak": {"schedule": "min-peak"},
    "training": {"training": True, "optimizer": "adamw"},
}


@pytest.mark.parametrize(
    "name", ["googlenet", *(pytest.param(name, marks=pytest.mark.long) for name in ("resnet50", "unet")), "gpt2"]
)
def test_a_what_if_is_what_memory_says_of_its_option(name: str) -> None:
    for run in document(name)["timeline"]["runs"][1:]:
        settings = dict(RUNS.get(run["name"], {}))
        if run["name"] == "checkpoints":
            settings = {"optimizer": "adamw", "checkpoint": [run["option"].split("'")[1]]}
        study = archcost.memory(name, what_if=False, **settings)  # type: ignore[arg-type]
        fixed = sum(int(each["bytes"]) for each in run["fixed"])
        peak = study.run.total if study.training is None else study.peak
        assert fixed + int(run["steps"][run["peak"]]) == peak, run["name"]


def test_a_training_run_goes_forward_and_back() -> None:
    model = document("resnet50")
    run = next(run for run in model["timeline"]["runs"] if run["name"] == "training")
    labels = run["labels"]
    assert 0 < run["phase"] < len(run["steps"])
    assert model["nodes"][labels[0]]["path"] == "conv1"
    assert next(label for label in labels[run["phase"] :] if label is not None) == place(model, "fc")


def test_details_are_what_explain_says() -> None:
    model = document("googlenet")
    node = model["nodes"][place(model, "conv1.conv2d")]
    detail = model["details"][node["detail"]]
    assert "MACs: h·w·c_out × f·f·c_in = 112·112·64 × 7·7·3 = 118,013,952" in detail["arithmetic"]
    assert 112 * 112 * 64 * 7 * 7 * 3 == 118_013_952
    assert (detail["receptive"]["size"], detail["receptive"]["jump"], detail["receptive"]["offset"]) == (
        [7, 7],
        [2, 2],
        [-3, -3],
    )
    tools = {name: (each["figure"], each["unit"]) for each in detail["tools"] for name in each["name"].split(", ")}
    assert tools["fvcore"] == tools["thop"] == (118_013_952, "MACs")
    assert tools["torchinfo"] == (112 * 112 * 64 * (7 * 7 * 3 + 1), "MACs")  # it counts the bias
    assert tools["torch"] == (2 * 118_013_952, "FLOPs")


def test_paths_of_different_fields_are_all_told() -> None:
    model = document("googlenet")
    joined = next(node for node in model["nodes"] if node["op"] == "concat")
    sizes = model["details"][joined["detail"]]["receptive"]["size"]
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) > 1


def test_equal_details_are_said_once() -> None:
    model = document("resnet50")
    texts = [json.dumps(detail) for detail in model["details"]]
    assert len(set(texts)) == len(texts)
    named = {node["detail"] for node in model["nodes"] if "detail" in node}
    assert named == set(range(len(texts)))


RESIDUAL = """
archcost: 1
name: small
input: [8, 4, 4]
layers:
  - conv2d: {out_channels: 8, kernel_size: 3, padding: 1}
  - {residual: [{conv2d: {out_channels: 8, kernel_size: 1}}, relu]}
  - repeat: 3
    id: rounds
    layers: [{linear: {out_features: 4}}]
"""


def test_edges_lead_between_children_and_around() -> None:
    report = archcost.analyze(loads(RESIDUAL))
    (model,) = archcost.page(report).to_dict()["models"]
    nodes = model["nodes"]

    def named(number: int | None) -> str | None:
        return None if number is None else nodes[number]["path"]

    def edges(path: str) -> set[tuple[str | None, str | None, int]]:
        return {(named(left), named(right), size) for left, right, size in nodes[place(model, path)]["edges"]}

    size = 8 * 4 * 4 * 4
    paths = [node["path"] for node in nodes]
    assert edges("") >= {(None, "conv2d", size), ("rounds", None, size)}
    (block,) = [path for path in paths if path.startswith("residual") and "." not in path]
    assert {("conv2d", block, size), (block, "rounds", size)} <= edges("")
    inner = edges(block)
    assert {left for left, _, _ in inner} >= {None}
    assert {right for _, right, _ in inner} >= {None}
    assert all(total == size for _, _, total in inner)
    assert nodes[place(model, "rounds.0")]["times"] == 3


UNKNOWN = """
archcost: 1
name: partly
input: [8]
layers:
  - linear: {out_features: 4}
  - custom: {name: fft, output: [$batch, 4], params: 3}
"""


def test_what_is_unknown_is_never_none() -> None:
    (model,) = archcost.page(archcost.analyze(loads(UNKNOWN))).to_dict()["models"]
    macs = metric(model, "macs")
    leaf = next(node for node in model["nodes"] if node["op"] == "custom")
    assert leaf["figures"][macs] is None
    assert model["nodes"][0]["figures"][macs] == 8 * 4
    assert macs in model["nodes"][0]["unknown"]
    assert next(card for card in model["cards"] if card["label"] == "MACs")["value"] == "≥ 32"
    assert any("unknown" in note for note in model["notes"])


def test_numbers_beyond_javascript_are_text() -> None:
    assert figure(EXACT) == 9_007_199_254_740_992
    assert figure(EXACT + 1) == "9007199254740993"


def test_two_models_have_each_node_once() -> None:
    found = zoo_page("resnet18", "resnet34").to_dict()
    pairs, marks = found["comparison"]["pairs"], found["comparison"]["marks"]
    one, other = found["models"]
    assert pairs[0] == [0, 0]
    for side, model in enumerate((one, other)):
        assert sorted(pair[side] for pair in pairs if pair[side] is not None) == list(range(len(model["nodes"])))
    assert [each["name"] for each in one["metrics"]] == [each["name"] for each in other["metrics"]]
    for (left, right), mark in zip(pairs, marks, strict=True):
        assert (mark == "+") is (left is None)
        assert (mark == "-") is (right is None)
        if mark == " ":
            assert one["nodes"][left]["figures"] == other["nodes"][right]["figures"]
    paths = {
        (one["nodes"][left]["path"], other["nodes"][right]["path"]): mark
        for (left, right), mark in zip(pairs, marks, strict=True)
        if left is not None and right is not None
    }
    assert paths["conv1", "conv1"] == " "
    assert paths["layer1", "layer1"] == "~"


def test_other_bytes_are_a_change() -> None:
    """As in ``compare``: what has its weights in int4 is the same layer, and no longer costs the same."""
    spec = loads("archcost: 1\nname: two\ninput: 8\nlayers: [linear: 4, relu]\n")
    found = archcost.page(spec, archcost.analyze(spec, weight_dtype="int4")).to_dict()
    marks = dict(zip([node["path"] for node in found["models"][1]["nodes"]], found["comparison"]["marks"], strict=True))
    assert marks == {"": "~", "linear": "~", "relu": " "}
    compared = archcost.compare(spec, archcost.analyze(spec, weight_dtype="int4"))
    assert {change.path: change.mark for change in compared.changes}.items() <= marks.items()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resnet50", "res2net50_26w_6s"),  # a group around a repeat, and a layer beside a scope
        ("vgg13", "vgg13_bn"),
        ("mixer_s32", "efficientnet_b1"),
        ("resnet18", "googlenet"),
    ],
)
def test_rows_of_two_models_add_up(before: str, after: str) -> None:
    """What stands below a row is the row, of either model: whatever is shown of the change is all of it."""
    sides = [Folded(zoo_report(name)) for name in (before, after)]
    pairs = comparison_of(*sides)["pairs"]
    rows = [{pair[side]: row for row, pair in enumerate(pairs) if pair[side] is not None} for side in (0, 1)]
    below: dict[int, list[int]] = {}
    for row, pair in enumerate(pairs[1:], 1):
        side = 0 if pair[1] is None else 1
        place = sides[side].nodes[pair[side] or 0].parent
        while place not in rows[side]:
            place = sides[side].nodes[place].parent
        below.setdefault(rows[side][place], []).append(row)

    def costs(row: int, side: int) -> Costs:
        place = pairs[row][side]
        return Costs() if place is None else sides[side].nodes[place].costs

    for side in (0, 1):
        for row, children in below.items():
            assert sum((costs(child, side) for child in children), Costs()) == costs(row, side)


def test_a_group_around_a_repeat_stands_beside_a_repeat() -> None:
    one, other = Folded(zoo_report("resnet50")), Folded(zoo_report("res2net50_26w_6s"))
    both = [(one.nodes[a], other.nodes[b]) for a, b in comparison_of(one, other)["pairs"] if None not in (a, b)]
    found = {(left.tree.path, right.tree.path, left.times, right.times) for left, right in both}
    assert {("layer1", "layer.0", 1, 1), ("layer1.0", "layer.0.block.0", 1, 1)} < found
    assert ("layer3.1", "layer.2.block.1", 5, 5) in found


def test_a_device_adds_times_that_add_up() -> None:
    report = zoo_report("resnet18")
    found = archcost.page(report, device="t4").to_dict()
    (model,) = found["models"]
    time = metric(model, "time_ns")
    predicted = archcost.predict(report, device="t4")
    assert model["nodes"][0]["figures"][time] == predicted.nanoseconds
    below = children(model, 0)
    assert sum(model["nodes"][child]["figures"][time] for child in below) == predicted.nanoseconds
    assert found["device"]["name"] == archcost.device("t4").name
    (fits,) = archcost.fits(report.spec, device="t4").devices
    assert {run["limit"] for run in model["timeline"]["runs"]} == {fits.capacity}


def test_a_microcontroller_has_room_and_no_time() -> None:
    found = archcost.page("mcunet_vww0", device="stm32f746").to_dict()
    (model,) = found["models"]
    assert "time_ns" not in [each["name"] for each in model["metrics"]]
    assert any(card["label"].startswith("fits") for card in model["cards"])


LIMITED = """
archcost: 1
name: limited
input: [8]
budgets:
  params: 40
  macs: {max: 31}
layers:
  - linear: {out_features: 4}
"""


def test_budgets_are_a_headline() -> None:
    (model,) = archcost.page(archcost.analyze(loads(LIMITED))).to_dict()["models"]
    card = next(card for card in model["cards"] if card["label"] == "budgets")
    assert (card["value"], card["state"]) == ("1 of 2", "bad")
    assert card["parts"] == [{"label": "model: MACs", "value": "32 of 31", "exact": "32 of 31"}]


@pytest.mark.parametrize("name", ["conv5x5", "llama_3_8b"])
def test_the_document_follows_its_schema(name: str) -> None:
    jsonschema.Draft7Validator(document_schema("page")).validate(zoo_page(name).to_dict())
