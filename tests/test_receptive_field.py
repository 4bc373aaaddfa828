"""Receptive fields: published ones, those of the course, sets at merges, scopes, and how they are told."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.analysis.receptive_field import MAX_BRANCHES
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report


def report_of(shape: list[int], *layers: Any, **more: Any) -> Report:
    return archcost.analyze(loads(json.dumps({"archcost": 1, "input": shape, "layers": list(layers), **more})))


def last(report: Report, scope: str = "") -> ReceptiveField:
    field = report.receptive_fields(scope)[-1]
    assert field is not None
    return field


def at(report: Report, path: str, scope: str = "") -> ReceptiveField:
    (field,) = [f for layer, f in zip(report.layers, report.receptive_fields(scope), strict=True) if layer.path == path]
    assert field is not None
    return field


def sizes(field: ReceptiveField) -> list[int]:
    assert all(len(set(branch.size)) == 1 for branch in field.branches)
    return [branch.size[0] for branch in field.branches]


def conv(kernel: int = 3, stride: int = 1, padding: int | None = None, dilation: int = 1) -> dict[str, Any]:
    padding = dilation * (kernel - 1) // 2 if padding is None else padding
    attributes = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    return {"conv2d": {"out_channels": 4, **attributes}}


# Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019,
# doi:10.23915/distill.00021: size and jump of the last layer before the average pool or the dense layers.
PUBLISHED = {
    "alexnet": ("pool5", 195, 32),
    "vgg16": ("conv5.max_pool2d", 212, 32),
    "mobilenet_v1": ("conv9.relu_1", 315, 32),
    "inception_v3": ("Mixed_7c.concat", 1311, 32),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_fields(name: str) -> None:
    path, size, jump = PUBLISHED[name]
    field = at(archcost.analyze(name), path)
    assert field.size == (size, size)
    assert field.jump == (jump, jump)


# Those of the paper take the stride in the first 1×1 of a stage; torchvision's, which the zoo has, in its first 3×3, so
# that one window of each stage is half as wide.
RESNETS = {50: ((3, 4, 6, 3), 483), 101: ((3, 4, 23, 3), 1027), 152: ((3, 8, 36, 3), 1507)}


@pytest.mark.parametrize("depth", RESNETS)
def test_published_fields_of_residual_networks(depth: int) -> None:
    counts, size = RESNETS[depth]
    blocks = [(k == 0 and stage > 0) for stage, count in enumerate(counts) for k in range(count)]
    steps = [step for strided in blocks for step in (conv(1, 2 if strided else 1), conv(3), conv(1))]
    report = report_of([3, 224, 224], conv(7, 2), {"max_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1}}, *steps)
    assert last(report).size == (size, size)
    assert last(report).jump == (32, 32)
    assert size == 7 + 2 * 2 + sum(2 * jump * count for jump, count in zip((4, 8, 16, 32), counts, strict=True))


def test_the_stride_in_the_three_by_three_of_the_zoo_makes_them_smaller() -> None:
    at_7, first, second, third, fourth = 7 + 2 * 2, 3 * 8, 8 + 3 * 16, 16 + 5 * 32, 32 + 2 * 64
    field = at(archcost.analyze("resnet50"), "layer4.2.add")
    assert field.size == (at_7 + first + second + third + fourth,) * 2 == (427, 427)


# --- the course's networks ------------------------------------------------------------------------------------------


def test_an_inception_module_sees_one_three_and_five() -> None:
    field = last(archcost.analyze("inception_reduced"))
    assert sizes(field) == [1, 3, 5]
    assert (field.jump, field.start, field.whole, field.folded) == ((1, 1), (-2, -2), False, False)


def test_relative_to_its_own_input_too() -> None:
    report = archcost.analyze("googlenet")
    for module in ("inception_3a", "inception_4d", "inception_5b"):
        assert sizes(at(report, f"{module}.concat", module)) == [1, 3, 5]
    r, jump = 27, 8
    assert sizes(at(report, "inception_3a.concat")) == [r, r + 2 * jump, r + 4 * jump]


def test_layers_outside_of_a_scope_have_no_field_relative_to_it() -> None:
    report = archcost.analyze("googlenet")
    inside = [layer.path.startswith("inception_3a.") for layer in report.layers]
    assert [field is not None for field in report.receptive_fields("inception_3a")] == inside
    assert set(report.receptive_fields("no_such_scope")) == {None}


def test_a_layer_is_a_scope_of_its_own() -> None:
    report = archcost.analyze("vgg16")
    assert sizes(at(report, "conv3.max_pool2d", "conv3.max_pool2d")) == [2]


def test_padding_is_seen_as_input() -> None:
    assert last(report_of([3, 9, 9], conv(5))).start == (-2, -2)
    assert last(report_of([3, 9, 9], conv(5, padding=0))).start == (0, 0)


def test_axes_differ() -> None:
    field = last(report_of([3, 20, 30], {"conv2d": {"out_channels": 1, "kernel_size": [3, 5], "stride": [1, 2]}}))
    assert (field.size, field.jump, field.source) == ((3, 5), (1, 2), (20, 30))


DILATIONS = (1, 2, 4, 8)


def test_dilated_stacks_grow_with_the_dilation() -> None:
    report = report_of([3, 64, 64], *[conv(3, dilation=d) for d in DILATIONS])
    assert sizes(last(report)) == [1 + sum((3 - 1) * d for d in DILATIONS)]


# --- whole input ----------------------------------------------------------------------------------------------------

FINAL = {
    "adaptive pool": [{"adaptive_avg_pool2d": {"output_size": 1}}],
    "pool over all": [{"avg_pool2d": {"kernel_size": 9}}],
    "mean": [{"mean": {"dim": [2, 3]}}],
    "flatten and linear": ["flatten", {"linear": {"out_features": 2}}],
    "softmax over space": [{"flatten": {"start_dim": 2}}, {"softmax": {"dim": -1}}],
    "attention": [{"flatten": {"start_dim": 2}}, {"transpose": {"dim0": 1, "dim1": 2}},
                  {"multihead_attention": {"num_heads": 1}}],
    "recurrent": [{"flatten": {"start_dim": 2}}, {"transpose": {"dim0": 1, "dim1": 2}},
                  {"gru": {"hidden_size": 3}}],
}  # fmt: skip


@pytest.mark.parametrize("name", FINAL)
def test_global_ops_see_the_whole_input(name: str) -> None:
    field = last(report_of([4, 9, 9], conv(3), *FINAL[name]))
    assert field.whole
    assert (field.size, field.jump, field.start) == ((9, 9), (0, 0), (0, 0))


def test_what_a_stride_passes_over_is_not_seen() -> None:
    """Windows of 3 in steps of 2 end before the last of 8 positions."""
    field = last(report_of([1, 8, 8], conv(3, 2, 0), {"adaptive_avg_pool2d": {"output_size": 1}}))
    assert (field.size, field.whole) == ((7, 7), False)


def test_patches_keep_their_place_through_flattening() -> None:
    patches = {"conv2d": {"out_channels": 8, "kernel_size": 16, "stride": 16}}
    report = report_of(
        [3, 64, 64],
        patches,
        {"flatten": {"start_dim": 2}},
        {"transpose": {"dim0": 1, "dim1": 2}},
        {"parameter": {"shape": [1, 1, 8]}, "from": [], "id": "token"},
        {"concat": {"dim": 1}, "from": ["token", "transpose"]},
        "layer_norm",
        {"multihead_attention": {"num_heads": 2}},
    )
    assert sizes(at(report, "layer_norm")) == [16]
    assert at(report, "layer_norm").jump == (16, 16)
    assert last(report).whole
    assert report.receptive_fields()[3] is None  # the token depends on no input


def test_windows_of_tokens_are_followed() -> None:
    """Attention within 4 × 4 windows of an image of 8 × 8, as in Swin."""
    report = report_of(
        [6, 8, 8],
        conv(3),
        {"reshape": {"shape": [1, 4, 2, 4, 2, 4]}},
        {"permute": {"dims": [0, 2, 4, 3, 5, 1]}},
        {"reshape": {"shape": [4, 16, 4]}},
        {"multihead_attention": {"num_heads": 1}},
        {"reshape": {"shape": [1, 2, 2, 4, 4, 4]}},
        {"permute": {"dims": [0, 5, 1, 3, 2, 4]}},
        {"reshape": {"shape": [1, 4, 8, 8]}},
    )
    assert sizes(at(report, "reshape_1")) == [3]
    assert sizes(at(report, "multihead_attention")) == [4 - 1 + 3]
    assert at(report, "multihead_attention").jump == (4, 4)


def test_a_gate_sees_the_whole_input_beside_what_it_gates() -> None:
    report = report_of(
        [4, 9, 9],
        conv(3),
        {"adaptive_avg_pool2d": {"output_size": 1}, "id": "gate"},
        {"mul": None, "from": ["conv2d", "gate"]},
    )
    field = last(report)
    assert sizes(field) == [3, 9]
    assert [field.covers(branch) for branch in field.branches] == [False, True]
    assert field.jump == (1, 1)


# --- sets -----------------------------------------------------------------------------------------------------------


def residual(count: int) -> Report:
    block = {"layers": [conv(3), {"add": None, "from": ["input", "conv2d"]}]}
    return report_of([4, 64, 64], {"unit": None, "repeat": count}, blocks={"unit": block})


def test_paths_through_residual_blocks_are_kept_apart() -> None:
    assert sizes(last(residual(3))) == [1, 3, 5, 7]


def test_beyond_the_bound_one_field_holds_them_all() -> None:
    few, many = last(residual(MAX_BRANCHES - 1)), last(residual(MAX_BRANCHES))
    assert (len(few.branches), few.folded) == (MAX_BRANCHES, False)
    assert (sizes(many), many.folded) == ([1 + 2 * MAX_BRANCHES], True)
    assert (sizes(last(residual(40))), last(residual(40)).folded) == ([1 + 2 * 40], True)


def test_folding_fields_that_move_differently_sees_everything() -> None:
    pooled = {"adaptive_avg_pool2d": {"output_size": 1}, "from": "input"}
    wide = [{**conv(2 * k + 1), "from": "input", "id": f"c{k}"} for k in range(MAX_BRANCHES)]
    names = ["adaptive_avg_pool2d", *[f"c{k}" for k in range(MAX_BRANCHES)]]
    field = last(report_of([4, 9, 9], pooled, *wide, {"add": None, "from": names}))
    assert (field.folded, field.whole, field.jump) == (True, True, (0, 0))


# --- fractions ------------------------------------------------------------------------------------------------------


def test_upsampling_halves_the_jump() -> None:
    report = report_of([4, 9, 9], conv(3, 2), {"upsample": {"scale_factor": 4}}, conv(3))
    assert at(report, "upsample").jump == (Fraction(1, 2),) * 2
    assert sizes(last(report)) == [3 + 2]
    assert last(report).to_dict() == {"size": [[5, 5]], "start": [-3, -3], "jump": ["1/2", "1/2"]}


def test_a_transposed_convolution_undoes_the_jump_of_a_strided_one() -> None:
    up = {"conv_transpose2d": {"out_channels": 4, "kernel_size": 4, "stride": 2, "padding": 1}}
    report = report_of([4, 16, 16], conv(4, 2, 1), up, conv(3))
    assert [field and field.jump for field in report.receptive_fields()] == [(2, 2), (1, 1), (1, 1)]
    assert sizes(last(report)) == [4 + 2 + 2]


@pytest.mark.parametrize(
    "upsample", [{"size": 100_003}, {"scale_factor": 1000.001}, {"size": [99_991, 7]}, {"scale_factor": 0.9999}]
)
def test_patterns_without_end_are_bounded(upsample: dict[str, Any]) -> None:
    report = report_of([1, 9, 9], conv(3), {"upsample": upsample}, conv(3), {"upsample": {"size": 1009}}, conv(3))
    field = last(report)
    assert all(3 <= size <= 12 for size in field.size)


def test_other_inputs_and_no_space() -> None:
    report = archcost.analyze(
        loads(
            json.dumps(
                {
                    "archcost": 1,
                    "inputs": {"x": [3, 8, 8], "y": [3, 8, 8]},
                    "layers": [{"relu": None, "from": "y"}, {"add": None, "from": ["x", "relu"]}],
                }
            )
        )
    )
    assert [field is not None for field in report.receptive_fields()] == [False, True]
    assert report_of([8], {"linear": {"out_features": 2}}).receptive_fields() == [None]


# The dims of the input that are not channels, as the first layer reads it that tells where those are.
SOURCES = {
    "channels first": ([4, 9, 7], [conv(3)], (9, 7)),
    "channels first behind a relu": ([4, 9, 7], ["relu", conv(3)], (9, 7)),
    "channels last": ([9, 7, 4], [{"linear": {"out_features": 2}}], (9, 7)),
    "a sequence": ([6, 8], ["layer_norm", {"multihead_attention": {"num_heads": 1}}], (6,)),
    "a signal": ([4, 9], [{"conv1d": {"out_channels": 1, "kernel_size": 3}}], (9,)),
    "unknown": ([4, 9], [{"transpose": {"dim0": 1, "dim1": 2}}], (9,)),
}


@pytest.mark.parametrize("name", SOURCES)
def test_spatial_dims(name: str) -> None:
    shape, layers, source = SOURCES[name]
    assert last(report_of(shape, *layers)).source == source


def test_indices_have_positions() -> None:
    report = report_of({"shape": [5], "dtype": "int64"}, {"embedding": {"num_embeddings": 9, "embedding_dim": 4}})  # type: ignore[arg-type]
    assert (last(report).source, last(report).size) == ((5,), (1,))


def test_fields_are_worked_out_when_asked_for_and_kept() -> None:
    report = archcost.analyze("googlenet")
    assert not report._fields
    assert report.receptive_fields() is report.receptive_fields()
    assert report.to_dict()["layers"][0]["receptive_field"] == {"size": [[7, 7]], "start": [-3, -3], "jump": [2, 2]}


def test_layers_without_a_field_have_none_in_json() -> None:
    report = report_of([8], {"linear": {"out_features": 2}})
    assert "receptive_field" not in report.to_dict()["layers"][0]


def test_a_model_without_inputs_has_no_fields() -> None:
    spec = loads("archcost: 1\ninputs: {}\nlayers:\n  - {parameter: {shape: [2, 3, 4]}, from: []}\n  - relu\n")
    report = archcost.analyze(spec)
    assert report.receptive_fields() == [None, None]
    assert archcost.explain(report, "parameter").kind == "parameter"
