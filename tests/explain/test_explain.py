"""``archcost explain``: layers, scopes and stories, in every format, true for the whole zoo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.analysis.tree import build_tree, find
from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES
from archcost.explaining.field_view import block_around
from archcost.explaining.layer import explain_layer
from archcost.explaining.overview import explain_model
from archcost.explaining.resolve_path import find_path, known_paths
from archcost.explaining.scope import explain_scope
from archcost.quantities import format_ratio
from archcost.render.explanation import ExplanationDocument, StoryDocument
from archcost.spec.loader import loads
from tests.explain.printed import on_terminal
from tests.explain.test_formulas import evaluated
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.explaining.equations import Equation, Explanation

LAYER = "5x5.conv_relu_1.conv2d"
COMMANDS: dict[str, tuple[int | None, tuple[str, ...]]] = {
    "layer_60.txt": (60, ("inception_reduced", LAYER)),
    "layer_100.txt": (100, ("inception_reduced", LAYER)),
    "layer.md": (None, ("inception_reduced", LAYER, "--format", "markdown")),
    "layer.json": (None, ("inception_reduced", LAYER, "--format", "json")),
    "pool_100.txt": (100, ("googlenet", "maxpool1")),
    "norm_60.txt": (60, ("resnet50", "layer1.0.bn1")),
    "linear_100.txt": (100, ("resnet50", "fc", "--batch", "8")),
    "branch_60.txt": (60, ("inception_reduced", "5x5")),
    "branch_100.txt": (100, ("inception_reduced", "5x5")),
    "branch.md": (None, ("inception_reduced", "5x5", "--format", "markdown")),
    "branch.json": (None, ("inception_reduced", "5x5", "--format", "json")),
    "block_100.txt": (100, ("googlenet", "inception_3a")),
    "repeat_60.txt": (60, ("resnet50", "layer3")),
    "story_60.txt": (60, ("inception_reduced",)),
    "story_100.txt": (100, ("googlenet",)),
    "story.md": (None, ("inception_reduced", "--format", "markdown")),
    **{
        f"{name}.{suffix}": (None, ("inception_reduced", *path, "--format", format_name))
        for name, path in (("layer", (LAYER,)), ("branch", ("5x5",)), ("story", ()))
        for suffix, format_name in (("csv", "csv"), ("tex", "latex"), ("tree", "tree"))
    },
    "story.json": (None, ("inception_reduced", "--format", "json")),
    "formulas_60.txt": (60, ("llama_3_8b", "--in", "tokens")),
    "formulas_100.txt": (100, ("unet", "--in", "resolution")),
    "formulas_none_80.txt": (80, ("mobilenet_v3_small", "--in", "width_mult")),
    **{
        f"formulas.{suffix}": (None, ("mobilenet_v1", "--in", "resolution", "--format", format_name))
        for suffix, format_name in (
            ("csv", "csv"),
            ("tex", "latex"),
            ("tree", "tree"),
            ("md", "markdown"),
            ("json", "json"),
        )
    },
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    columns, arguments = COMMANDS[name]
    result = run("explain", *arguments, columns=columns)
    assert result.code == 0, result.err
    if columns:
        assert max(map(len, result.out.splitlines())) <= columns
    golden(f"explain/{name}", result.out)


def test_the_branch_is_the_sum_of_its_terms(run: Callable[..., Run]) -> None:
    for arguments in (("inception_reduced", "5x5"), ("inception_reduced",)):
        assert "2,408,448 + 10,035,200 = 12,443,648" in run("explain", *arguments).out
    assert 28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16 == 2_408_448 + 10_035_200 == 12_443_648


def test_the_layer_is_told_in_the_notation_of_the_course(run: Callable[..., Run]) -> None:
    out = run("explain", "conv5x5", "conv5x5").out
    assert "⌊(n + 2p − f)/s⌋ + 1 = ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28" in out
    assert "28·28·32 × 5·5·192 = 120,422,400" in out
    assert "5·5·192·32 + 32 = 153,632" in out
    assert "r + (f − 1)·j = 1 + (5 − 1)·1 = 5" in out


# --- true for the whole zoo -----------------------------------------------------------------------------------------


def explanations(report: Report) -> Iterator[tuple[Explanation, Any]]:
    """Of one scope of each kind and content, and of one layer of each signature, with the figures of the report."""
    seen: set[object] = set()
    for index, layer in enumerate(report.layers):
        identity = (id(layer.node.signature), layer.node.weights_of >= 0)
        if identity not in seen:
            seen.add(identity)
            yield explain_layer(report, index), layer.costs
    for tree in below(build_tree(report)):
        if tree.layer is None and tree.key not in seen:
            seen.add(tree.key)
            yield explain_scope(report, tree, tree.path), tree.costs


def below(tree: Tree) -> Iterator[Tree]:
    """All scopes and layers in a tree."""
    for child in tree.children.values():
        yield child
        yield from below(child)


FIGURES = {
    "params": "params",
    "macs": "macs",
    "flops": "flops",
    "weight_bytes": "weight_bytes",
    "activation_bytes": "activation_bytes",
}


@pytest.mark.few
def test_every_equation_holds(cover_model: Report) -> None:
    report = cover_model
    written = {layer.path: layer.node.signature.outputs for layer in report.layers}
    assert {tree.path for tree in below(build_tree(report))} == known_paths(report).keys()
    for explanation, costs in explanations(report):
        for equation in explanation.equations:
            assert_holds(equation)
            if equation.figure in FIGURES:
                assert equation.value == getattr(costs, FIGURES[equation.figure]), (explanation.path, equation)
            if equation.figure == "output_bytes":  # its layer writes them, whether or not they are new activations
                outputs = written[explanation.path]
                assert tuple(tensor.shape for tensor in outputs) == explanation.outputs
                assert equation.value == sum(DTYPE_BYTES[tensor.dtype] * numel(tensor.shape) for tensor in outputs)
                assert (equation.note != "") == (costs.activation_bytes == 0)
        for part in explanation.parts:
            assert part.formula is None or part.formula.value == part.macs
        for seen in explanation.seen:
            assert seen.growth is None or {seen.growth.value} == set(seen.field.size)


def assert_holds(equation: Equation) -> None:
    assert equation.formula is not None
    if equation.figure == "intensity":
        numerator, denominator = equation.formula.text(numbers=True).replace(",", "").split("/")
        assert equation.value * int(denominator) == int(numerator)
        return
    assert equation.formula.value == equation.value
    assert evaluated(equation.formula.text(numbers=True)) == equation.value


def test_stories_add_up(cover_model: Report) -> None:
    report = cover_model
    story = explain_model(report)
    assert all(share.formula is None or share.formula.value == share.value for share in story.macs + story.params)
    assert sum(share.value for share in story.macs) <= report.totals.macs
    assert story.peak.bytes == report.totals.peak_activation_bytes
    assert sum(size for _, size in story.peak.holders) + story.peak.workspace == story.peak.bytes
    assert story.bound.layers <= story.bound.working <= report.totals.layers
    assert 0 < story.depth <= story.counted or not report.totals.macs
    text = on_terminal(StoryDocument(story), 100)
    assert f"{report.totals.macs:,}" in text
    assert max(map(len, text.splitlines())) <= 100


DEPTHS = {"googlenet": 22, "resnet18": 18, "resnet50": 50, "resnet152": 152, "vgg16": 16, "alexnet": 8}


@pytest.mark.parametrize("name", DEPTHS)
def test_depth_is_what_the_names_say(name: str) -> None:
    assert explain_model(zoo_report(name)).depth == DEPTHS[name]


# --- finding --------------------------------------------------------------------------------------------------------


def test_a_typo_is_told_with_close_names(run: Callable[..., Run]) -> None:
    result = run("explain", "googlenet", "inception_3a.5x5.conv_relo")
    assert (result.code, result.out) == (2, "")
    assert "googlenet has no layer or scope 'inception_3a.5x5.conv_relo'" in result.err
    assert "did you mean 'inception_3a.5x5.conv_relu'" in result.err


HELP = {
    "conv_relu_1": "that is the end of conv2.conv_relu_1, inception_3a.3x3.conv_relu_1",
    "inception_4": "did you mean 'inception_4e'",
    "classifier.linaer": "did you mean 'linear'?",
    "zzz": "at the top are conv1, maxpool1, norm1",
}


@pytest.mark.parametrize("path", HELP)
def test_help(path: str, run: Callable[..., Run]) -> None:
    result = run("explain", "googlenet", path)
    assert result.code == 2
    assert HELP[path] in result.err


def test_the_end_of_a_path_is_enough_where_it_is_that_of_one() -> None:
    report = archcost.analyze("googlenet")
    assert find_path(report, "inception_3a") == "inception_3a"
    assert find_path(archcost.analyze("resnet18"), "layer4.1.add") == "layer4.1.add"
    assert find_path(archcost.analyze("vgg16"), "fc6") == "classifier.fc6"


def test_bad_calls(run: Callable[..., Run]) -> None:
    assert run("explain", "no_such_model").code == 2
    assert run("explain", "residual", "--set", "projection=false").code == 2
    assert run("explain", "googlenet", "--balance", "none").code == 2
    assert run("explain", "googlenet", "--balance", "-1").code == 2
    assert run("explain", "googlenet", "--format", "yaml").code == 2


def test_output_to_a_file(run: Callable[..., Run], tmp_path: Any) -> None:
    assert run("explain", "vgg16", "fc6", "-o", str(tmp_path / "out.txt")).out == ""
    assert "102,764,544" in (tmp_path / "out.txt").read_text(encoding="utf-8")


# --- corners --------------------------------------------------------------------------------------------------------


def spec_report(*layers: Any, shape: Any = (4, 8, 8), **more: Any) -> Report:
    return archcost.analyze(loads(json.dumps({"archcost": 1, "input": list(shape), "layers": list(layers), **more})))


def equations(explanation: Explanation) -> dict[str, Equation]:
    return {equation.figure: equation for equation in explanation.equations}


def test_shared_weights_are_said_to_be_counted_elsewhere() -> None:
    conv = {"conv2d": {"out_channels": 4, "kernel_size": 1}}
    report = spec_report({**conv, "id": "a"}, {**conv, "id": "b", "share": "a"})
    params = equations(explain_layer(report, 1))["params"]
    assert (params.value, params.note) == (0, "shared with a, counted there")
    line = "f·f·c_in·c_out + c_out − shared = 1·1·4·4 + 4 − 20 = 0; shared with a, counted there"
    assert line in on_terminal(ExplanationDocument(explain_layer(report, 1)), 1000)
    assert "weight_bytes" not in equations(explain_layer(report, 1))


def test_of_weights_that_are_shared_in_part_the_others_are_counted() -> None:
    """A projection to the tokens uses the 7·4 numbers of their embedding; its 7 biases are its own."""
    embedding = {"embedding": {"num_embeddings": 7, "embedding_dim": 4}, "id": "tokens"}
    report = archcost.analyze(
        loads(
            json.dumps(
                {
                    "archcost": 1,
                    "inputs": {"ids": {"shape": [3], "dtype": "int64"}},
                    "layers": [embedding, {"linear": {"out_features": 7}, "share": "tokens"}],
                }
            )
        )
    )
    found = equations(explain_layer(report, 1))
    assert (found["params"].value, found["weight_bytes"].value) == (7, 7 * 4)
    text = on_terminal(ExplanationDocument(explain_layer(report, 1)), 100)
    assert "4·7 + 7 − 28 = 7; shared with tokens, counted there" in text


def test_a_scope_says_where_the_weights_that_it_shares_are_counted() -> None:
    head = "classification_head"
    params = params_of(archcost.analyze("retinanet_resnet50_fpn"), f"{head}.level4")
    assert (params.value, params.note) == (0, f"what it shares with {head}.level3 is counted there")
    for path in (head, f"{head}.level3"):
        assert params_of(archcost.analyze("retinanet_resnet50_fpn"), path).note == ""
    steps = [{"linear": {"out_features": 8}, "id": name} for name in "abcd"]
    again = [{**step, "id": f"{step['id']}_again", "share": step["id"]} for step in steps]
    for count, owners in ((1, "a"), (3, "3 layers before it")):
        report = spec_report(*steps, {"add": None, "branches": {"left": again[:count], "right": []}})
        assert params_of(report, "left").note == f"what it shares with {owners} is counted there"


def params_of(report: Report, path: str) -> Equation:
    tree = find(build_tree(report), path)
    assert tree is not None
    return equations(explain_scope(report, tree, path))["params"]


def test_oblong_kernels_have_a_letter_for_each_side() -> None:
    report = spec_report({"conv2d": {"out_channels": 4, "kernel_size": [3, 1]}})
    explanation = explain_layer(report, 0)
    assert explanation.equations[0].label == "height"
    assert explanation.equations[1].label == "width"
    macs = equations(explanation)["macs"].formula
    assert macs is not None
    assert macs.text() == "h·w·c_out × f_h·f_w·c_in"


def test_several_outputs_are_told_apart() -> None:
    explanation = explain_layer(spec_report({"chunk": {"chunks": 3, "dim": 1}, "id": "c"}, outputs=["c.0"]), 0)
    assert [equation.label for equation in explanation.equations[:2]] == ["output 0, channels", "output 1, channels"]
    output = equations(explanation)["output_bytes"].formula
    assert output is not None
    assert output.value == 4 * 8 * 8 * 4


def test_a_factor_that_is_rounded_otherwise_shows_no_formula() -> None:
    """100 · 0.29 is 28.999… in doubles, which PyTorch rounds down."""
    explanation = explain_layer(spec_report({"upsample": {"scale_factor": 0.29}}, shape=(1, 100, 100)), 0)
    assert explanation.outputs == ((1, 1, 28, 28),)
    assert explanation.equations[0].figure == "params"


def test_a_layer_without_input() -> None:
    report = spec_report({"parameter": {"shape": [1, 4, 8, 8]}, "id": "p"}, {"add": None, "from": ["input", "p"]})
    text = on_terminal(ExplanationDocument(explain_layer(report, 0)), 100)
    assert "p · parameter · → 1×4×8×8" in text
    assert "receptive field" not in text


def test_long_sums_are_shortened_and_equal_terms_multiplied() -> None:
    convs = [{"conv2d": {"out_channels": 4 + k, "kernel_size": 1}} for k in range(12)]
    report = spec_report({"block": None, "id": "b"}, blocks={"block": {"layers": convs}})
    tree = find(build_tree(report), "b")
    assert tree is not None
    text = on_terminal(ExplanationDocument(explain_scope(report, tree, "b")), 1000)
    assert "+ … 5 more … +" in text
    resnet = archcost.analyze("resnet50")
    tree = find(build_tree(resnet), "layer3")
    assert tree is not None
    document = ExplanationDocument(explain_scope(resnet, tree, "layer3"))
    assert "372,506,624 + 5·218,365,952 = 1,464,336,384" in on_terminal(document, 1000)


def test_the_block_around_is_the_outermost_one() -> None:
    report = archcost.analyze("googlenet")
    assert block_around(report, "inception_3a.5x5.conv_relu.conv2d") == "inception_3a"
    assert block_around(report, "maxpool1") == ""
    assert block_around(archcost.analyze("resnet50"), "layer3.4.conv2") == "layer3.4"


def test_balance_moves_the_line(run: Callable[..., Run]) -> None:
    report = archcost.analyze("resnet50")
    low, high = explain_model(report, 0).bound, explain_model(report, 10**9).bound  # type: ignore[arg-type]
    assert (low.layers, high.layers) == (0, high.working)
    assert "an A100's in float32" in run("explain", "resnet50").out
    assert "an A100" not in run("explain", "resnet50", "--balance", "100").out


def test_models_of_no_arithmetic() -> None:
    report = spec_report("flatten")
    text = on_terminal(StoryDocument(explain_model(report)), 100)
    assert "no layer computes anything" in text
    assert "0; FLOPs, with all other arithmetic, 0" in text


RATIOS = [
    ((0, 1), "0"),
    ((1, 4000), "<0.001"),
    ((1, 1000), "0.001"),
    ((1, 8), "0.125"),
    ((9995, 10_000), "1.00"),
    ((9994, 10_000), "0.999"),
    ((1, 1), "1.00"),
    ((9996, 1000), "10.0"),
    ((996, 10), "99.6"),
    ((99_960, 1000), "100"),
    ((1_234_567, 1), "1,234,567"),
]


@pytest.mark.parametrize(("ratio", "text"), RATIOS)
def test_ratios(ratio: tuple[int, int], text: str) -> None:
    from fractions import Fraction

    assert format_ratio(Fraction(*ratio)) == text
