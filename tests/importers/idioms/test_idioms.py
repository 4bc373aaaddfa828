"""Each idiom on the steps that it is made of, and on steps that only look alike; the proof holds before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from archcost.importers.flat import flat
from archcost.importers.form import Batched
from archcost.importers.idioms import improved
from archcost.importers.proof import prove
from archcost.importers.writing import NO_FIGURES, write
from archcost.spec.source_calls import SourceCall
from tests.importers.idioms.building import BATCH, Building

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.importers.form import Form


def layers(model: Form) -> list[str]:
    """The steps as they are written in a flat spec, which is proven."""
    text = write(model, flat(model), NO_FIGURES)
    assert prove(text, model, in_order=True).differences == ()
    return [line.removeprefix("  - ") for line in text.partition("layers:\n")[2].splitlines()]


# --- reshapes ---------------------------------------------------------------------------------------------------------

RESHAPES: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], str]] = {
    "all but the batch": ((4, 7, 7), (BATCH, 4 * 7 * 7), "flatten"),
    "the last dims": ((4, 7, 7), (BATCH, 4, 49), "flatten: 2"),
    "dims in the middle": ((4, 7, 7), (BATCH, 28, 7), "flatten: {end_dim: 2}"),
    "the batch with them": ((4, 7, 7), (Batched(4), 7, 7), "flatten: {start_dim: 0, end_dim: 1}"),
    "dims of size 1": ((64, 1, 1), (BATCH, 64), "flatten"),
    "the last dim split": ((49, 96), (BATCH, 49, 3, 4, 8), "unflatten: {dim: -1, unflattened_size: [3, 4, 8]}"),
    "the last dim split, and a size left open": (
        (49, 96),
        (BATCH, 49, -1, 8),
        "unflatten: {dim: -1, unflattened_size: [-1, 8]}",
    ),
    "positions split": ((49, 96), (BATCH, 7, 7, 96), "unflatten: {dim: 1, unflattened_size: [7, 7]}"),
    "a dim less": ((1, 96), (BATCH, 96), "flatten"),
    "a dim more": ((96,), (BATCH, 1, 96), "unflatten: {dim: -1, unflattened_size: [1, 96]}"),
    "a split and a merge": ((4, 6, 5), (BATCH, 8, 3, 5), "reshape: [$batch, 8, 3, 5]"),
    "two splits": ((4, 6), (BATCH, 2, 2, 2, 3), "reshape: [$batch, 2, 2, 2, 3]"),
}


@pytest.mark.parametrize("name", RESHAPES)
def test_a_reshape_is_said_by_what_it_changes(name: str) -> None:
    shape, new, wanted = RESHAPES[name]
    build = Building(*shape)
    model = build.done(build.step("reshape", build.x, shape=new))
    assert layers(improved(model)) == [wanted]


def test_the_batch_apart_from_the_windows() -> None:
    build = Building(4, 7, 7)
    windows = build.step("flatten", build.x, start_dim=0, end_dim=1)
    model = build.done(build.step("reshape", build.step("relu", windows), shape=(BATCH, 4, 7, 7)))
    assert layers(improved(model))[-1] == "unflatten: {dim: 0, unflattened_size: [-1, 4]}"


def test_two_reshapes_are_one() -> None:
    build = Building(4, 6, 5)
    first = build.step("reshape", build.x, shape=(BATCH, 12, 10))
    model = build.done(build.step("reshape", first, shape=(BATCH, 120)))
    assert layers(improved(model)) == ["flatten"]


def test_two_reshapes_stay_if_the_first_is_read() -> None:
    build = Building(4, 6, 5)
    first = build.step("reshape", build.x, shape=(BATCH, 12, 10))
    model = build.done(build.step("reshape", first, shape=(BATCH, 120)), first)
    assert layers(improved(model))[0] == "reshape: [$batch, 12, 10]"


def test_a_class_says_its_reshapes_alike() -> None:
    """With one window in place of four, a merge could be said as a squeeze."""
    build = Building(4, 49, 8)
    build.within("first", "Block")
    four = build.step("reshape", build.step("relu", build.x), shape=(BATCH, 4 * 49, 8))
    build.within("second", "Block")
    again = build.step("reshape", build.step("unsqueeze", four, dim=1, called="apart"), shape=(BATCH, 196, 8))
    assert layers(improved(build.done(again))) == [
        "{id: first_relu, relu}",
        "{id: first_flatten, flatten: {end_dim: 2}}",
        "{id: second_apart, unsqueeze: 1}",
        "{id: second_flatten, flatten: {end_dim: 2}}",
    ]


def test_a_size_that_differs_from_use_to_use_is_open() -> None:
    """Heads of 8 features each: 3·32 are 3 times 4 heads, 3·64 are 3 times 8."""
    build = Building(49, 96)
    for name, width in (("first", 32), ("second", 64)):
        build.within(name, "Attention")
        heads = build.step(
            "reshape", build.step("linear", build.x, out_features=3 * width), shape=(BATCH, 49, 3, -1, 8)
        )
        build.x = build.step("flatten", build.step("sum", heads, dim=2), start_dim=2)
    written = [line for line in layers(improved(build.done(build.x))) if "unflatten" in line]
    assert written == [
        "{id: first_unflatten, unflatten: {dim: -1, unflattened_size: [3, -1, 8]}}",
        "{id: second_unflatten, unflatten: {dim: -1, unflattened_size: [3, -1, 8]}}",
    ]


def test_the_size_that_is_open_is_the_one_that_differs() -> None:
    build = Building(49, 96)
    for name, width in (("first", 32), ("second", 64)):
        build.within(name, "Attention")
        inner = build.step("linear", build.x, out_features=3 * width)
        heads = build.step("reshape", inner, shape=(BATCH, 7, 7, width // 8, -1))
        build.x = build.step("reshape", build.step("relu", heads), shape=(BATCH, 49, 3 * width))
    written = [line for line in layers(improved(build.done(build.x))) if " reshape" in line]
    assert written == [
        "{id: first_reshape, reshape: [$batch, 7, 7, -1, 24]}",
        "{id: first_reshape_1, reshape: [$batch, 49, -1]}",
        "{id: second_reshape, reshape: [$batch, 7, 7, -1, 24]}",
        "{id: second_reshape_1, reshape: [$batch, 49, -1]}",
    ]


def test_a_split_into_equal_parts_is_a_chunk() -> None:
    build = Building(6, 8)
    parts = build.steps("split", build.x, split_size_or_sections=(2, 2, 2), dim=1)
    assert layers(improved(build.done(*parts))) == ["chunk: {chunks: 3, dim: 1}"]
    build = Building(6, 8)
    parts = build.steps("split", build.x, split_size_or_sections=(2, 4), dim=1)
    assert layers(improved(build.done(*parts)))[0].startswith("split: ")


# --- norms ------------------------------------------------------------------------------------------------------------


def normed(
    build: Building,
    x: int,
    *,
    eps: Any = 1e-6,
    dim: Any = -1,
    weight: int = 8,
    offset: bool = False,
    square: str = "pow",
) -> int:
    build.within("norm", "RMSNorm")
    squared = build.step("pow", x, exponent=2) if square == "pow" else build.step("mul", x, x)
    inner = build.step("add", build.step("mean", squared, dim=dim, keepdim=True), other=eps)
    result = build.step("mul", x, build.step("rsqrt", inner))
    if weight:
        held = build.step("parameter", shape=(weight,), called="weight")
        held = build.step("add", held, other=1) if offset else held
        result = build.step("mul", held, result)
    build.scope = 0
    return result


NORMS: dict[str, tuple[dict[str, Any], str]] = {
    "with a weight": ({}, "{id: norm, rms_norm: {eps: 1e-6}}"),
    "without": ({"weight": 0}, "{id: norm, rms_norm: {eps: 1e-6, elementwise_affine: false}}"),
    "with a weight less 1": ({"offset": True}, "{id: norm, rms_norm: {eps: 1e-6}}"),
    "by a product with itself": ({"square": "mul"}, "{id: norm, rms_norm: {eps: 1e-6}}"),
    "over the last dim by its number": ({"dim": 2}, "{id: norm, rms_norm: {eps: 1e-6}}"),
}


@pytest.mark.parametrize("name", NORMS)
def test_a_root_mean_square_norm(name: str) -> None:
    """One step, by the path of its module; 8 params or none."""
    given, wanted = NORMS[name]
    build = Building(4, 8)
    model = improved(build.done(normed(build, build.x, **given)))
    assert layers(model) == [wanted]
    assert model.path_of(model.steps[0]) == "norm"


@pytest.mark.parametrize("given", [{"dim": 1}, {"weight": 1}])
def test_what_is_no_norm_of_the_last_dim_stays(given: dict[str, Any]) -> None:
    build = Building(4, 8)
    model = build.done(normed(build, build.x, **given))
    kinds = [step.kind for step in improved(model).steps]
    assert ("rms_norm" in kinds) == (given == {"weight": 1})  # a scale for all is no weight of a norm
    assert "mul" in kinds


def test_a_norm_stays_whose_inner_values_are_read() -> None:
    build = Building(4, 8)
    result = normed(build, build.x)
    inner = next(step.outputs[0] for step in build.model.steps if step.kind == "rsqrt")
    model = build.done(result, inner)
    assert layers(improved(model)) == layers(model)


# --- rotary embeddings ------------------------------------------------------------------------------------------------


def turned(build: Building, x: int) -> int:
    first, second = build.step("slice", x, dim=3, end=8), build.step("slice", x, dim=3, start=8)
    return build.step("concat", build.step("mul", second, other=-1), first, dim=-1)


def neighbours(build: Building, x: int) -> int:
    odd, even = build.step("slice", x, dim=-1, start=1, step=2), build.step("slice", x, dim=-1, step=2)
    stacked = build.step("stack", build.step("mul", odd, other=-1), even, dim=-1)
    return build.step("reshape", stacked, shape=build.model.shape(x))


@pytest.mark.parametrize(
    ("turn", "wanted"), [(turned, "rotary_embedding"), (neighbours, "rotary_embedding: {interleaved: true}")]
)
def test_a_rotary_embedding(turn: Callable[[Building, int], int], wanted: str) -> None:
    """The tables of cosines and sines go with it."""
    build = Building(2, 10, 16)
    cosine, sine = (build.step("constant", shape=(1, 1, 10, 16)) for _ in range(2))
    rotated = build.step("add", build.step("mul", build.x, cosine), build.step("mul", turn(build, build.x), sine))
    assert layers(improved(build.done(rotated))) == [wanted]


def test_tables_over_heads_are_no_rotary_embedding() -> None:
    build = Building(2, 10, 16)
    cosine, sine = (build.step("constant", shape=(1, 2, 1, 16)) for _ in range(2))
    rotated = build.step("add", build.step("mul", build.x, cosine), build.step("mul", turned(build, build.x), sine))
    model = build.done(rotated)
    assert layers(improved(model)) == layers(model)


# --- scales, activations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((8, 1, 1), "{id: gamma, layer_scale}"),
        ((1, 8, 1, 1), "{id: gamma, layer_scale}"),
        ((5,), "{id: gamma, layer_scale: {dim: -1}}"),
    ],
)
def test_a_layer_scale(shape: tuple[int, ...], wanted: str) -> None:
    build = Building(8, 5, 5)
    held = build.step("parameter", shape=shape, called="gamma")
    assert layers(improved(build.done(build.step("mul", held, build.x)))) == [wanted]


def test_a_layer_scale_in_a_module_is_the_module() -> None:
    build = Building(8, 5, 5)
    build.within("ls1", "LayerScale")
    held = build.step("reshape", build.step("parameter", shape=(8,), called="scale"), shape=(1, 8, 1, 1))
    model = improved(build.done(build.step("mul", build.x, held)))
    assert layers(model) == ["{id: ls1, layer_scale}"]


@pytest.mark.parametrize(("called", "shape"), [("temperature", (8, 1, 1)), ("gamma", (8, 5, 1)), ("gamma", (1, 1, 1))])
def test_other_parameters_are_no_layer_scale(called: str, shape: tuple[int, ...]) -> None:
    build = Building(8, 5, 5)
    held = build.step("parameter", shape=shape, called=called)
    model = build.done(build.step("mul", held, build.x))
    assert layers(improved(model)) == layers(model)


def test_silu_by_its_formula() -> None:
    build = Building(8)
    given = build.done(build.step("mul", build.x, build.step("sigmoid", build.x)))
    for step in given.steps:
        step.call = SourceCall(f"torch.{step.kind}", "nets.Swish")
    model = improved(given)
    assert layers(model) == ["silu"]
    assert model.steps[0].call == SourceCall("", "nets.Swish")  # of several functions


def test_a_gate_is_no_silu() -> None:
    build = Building(8)
    other = build.input("gate", 8)
    model = build.done(build.step("mul", build.x, build.step("sigmoid", other)))
    assert layers(improved(model)) == layers(model)


def test_gelu_by_its_formula() -> None:
    build = Building(8)
    cube = build.step("mul", build.step("pow", build.x, exponent=3), other=0.044715)
    inner = build.step("mul", build.step("add", build.x, cube), other=0.7978845608028654)
    curve = build.step("add", build.step("tanh", inner), other=1)
    half = build.step("mul", build.x, other=0.5)
    assert layers(improved(build.done(build.step("mul", half, curve)))) == ["gelu: tanh"]


# --- attention --------------------------------------------------------------------------------------------------------


def test_queries_keys_and_values_are_unbound() -> None:
    build = Building(3, 4, 8)
    turn = build.step("transpose", build.x, dim0=0, dim1=1)
    picked = [
        build.step("squeeze", build.step("slice", turn, dim=0, start=number, end=number + 1), dim=0)
        for number in range(3)
    ]
    model = build.done(build.step("scaled_dot_product_attention", *picked))
    assert layers(improved(model)) == ["transpose: {dim0: 0, dim1: 1}", "unbind", "scaled_dot_product_attention"]


def test_single_positions_are_not_unbound() -> None:
    build = Building(3, 4, 8)
    picked = [
        build.step("squeeze", build.step("slice", build.x, dim=1, start=number, end=number + 1), dim=1)
        for number in range(2)
    ]
    model = build.done(*picked)
    assert layers(improved(model)) == layers(model)


def test_keys_for_groups_of_queries() -> None:
    build = Building(2, 10, 16)
    wide = build.step("expand", build.step("unsqueeze", build.x, dim=2), sizes=(BATCH, 2, 3, 10, 16))
    model = build.done(build.step("reshape", wide, shape=(BATCH, 6, 10, 16)))
    assert layers(improved(model)) == ["repeat_interleave: {repeats: 3, dim: 1}"]


def cut(build: Building, x: int, *, height: int = 7, width: int = 7) -> int:
    split = build.step("reshape", x, shape=(BATCH, 14 // height, height, 14 // width, width, 8))
    return build.step("permute", split, dims=(0, 1, 3, 2, 4, 5))


@pytest.mark.parametrize(("height", "width", "sides"), [(7, 7, "7"), (7, 2, "[7, 2]")])
def test_windows(height: int, width: int, sides: str) -> None:
    build = Building(14, 14, 8)
    count, size = (14 // height) * (14 // width), height * width
    windows = build.step("reshape", cut(build, build.x, height=height, width=width), shape=(Batched(count), size, 8))
    inside = build.step("linear", windows, out_features=8)
    apart = build.step("reshape", inside, shape=(BATCH, 14 // height, 14 // width, height, width, 8))
    joined = build.step("reshape", build.step("permute", apart, dims=(0, 1, 3, 2, 4, 5)), shape=(BATCH, 14, 14, 8))
    assert layers(improved(build.done(joined))) == [
        f"window_partition: {sides}",
        "linear: 8",
        f"window_reverse: {{window_size: {sides}, output_size: 14}}",
    ]


def test_windows_that_are_maps() -> None:
    build = Building(14, 14, 8)
    windows = build.step("reshape", cut(build, build.x), shape=(Batched(4), 7, 7, 8))
    inside = build.step("relu", windows)
    apart = build.step("reshape", inside, shape=(BATCH, 2, 2, 7, 7, 8))
    joined = build.step("reshape", build.step("permute", apart, dims=(0, 1, 3, 2, 4, 5)), shape=(BATCH, 14, 14, 8))
    assert layers(improved(build.done(joined))) == [
        "window_partition: 7",
        "unflatten: {dim: 1, unflattened_size: [7, 7]}",
        "relu",
        "flatten: {end_dim: 2}",
        "window_reverse: {window_size: 7, output_size: 14}",
    ]


def test_a_grid_is_no_window() -> None:
    """Every second position of a map: the same reshapes with the sides in the other places."""
    build = Building(14, 14, 8)
    split = build.step("reshape", build.x, shape=(BATCH, 7, 2, 7, 2, 8))
    grid = build.step("reshape", build.step("permute", split, dims=(0, 2, 4, 1, 3, 5)), shape=(Batched(4), 49, 8))
    assert "permute: [0, 2, 4, 1, 3, 5]" in layers(improved(build.done(grid)))


def biased(build: Building, *, rows: int = 13 * 13, square: bool = False) -> int:
    table = build.step("parameter", shape=(rows, 3), called="relative_position_bias_table")
    shape = (49, 49) if square else (49 * 49,)
    index = build.step("buffer", shape=shape, dtype="int64", called="relative_position_index")
    index = build.step("reshape", index, shape=(-1,)) if square else index
    looked = build.step("reshape", build.step("index_select", table, index, dim=0), shape=(49, 49, -1))
    bias = build.step("unsqueeze", build.step("permute", looked, dims=(2, 0, 1)), dim=0)
    return build.step("add", build.x, bias)


@pytest.mark.parametrize("square", [True, False])
def test_a_relative_position_bias(square: bool) -> None:
    build = Building(3, 49, 49)
    assert layers(improved(build.done(biased(build, square=square)))) == [
        "{id: relative_position_bias_table, relative_position_bias: {window_size: 7, num_heads: 3}, from: []}",
        "{add, from: [x, relative_position_bias_table]}",
    ]


def test_a_relative_position_bias_of_a_table_that_is_computed() -> None:
    build = Building(3, 49, 49)
    coordinates = build.step("buffer", shape=(1, 13, 13, 2), called="relative_coords_table")
    table = build.step("flatten", build.step("linear", coordinates, out_features=3), start_dim=0, end_dim=2)
    index = build.step("buffer", shape=(49 * 49,), dtype="int64", called="relative_position_index")
    looked = build.step("reshape", build.step("index_select", table, index, dim=0), shape=(49, 49, -1))
    gated = build.step("sigmoid", build.step("permute", looked, dims=(2, 0, 1)))
    assert layers(improved(build.done(build.step("add", build.x, build.step("unsqueeze", gated, dim=0))))) == [
        "{id: relative_coords_table, buffer: [1, 13, 13, 2]}",
        "linear: 3",
        "flatten: {start_dim: 0, end_dim: 2}",
        "relative_position_bias: 7",
        "squeeze: 0",
        "sigmoid",
        "unsqueeze: 0",
        "{add, from: [x, unsqueeze]}",
    ]


def test_a_table_with_more_rows_is_no_relative_position_bias() -> None:
    build = Building(3, 49, 49)
    model = build.done(biased(build, rows=13 * 13 + 3))
    assert "relative_position_bias" not in [step.kind for step in improved(model).steps]


# --- what stays -------------------------------------------------------------------------------------------------------


def test_the_given_model_stays_as_it_is() -> None:
    build = Building(4, 8)
    model = build.done(normed(build, build.x))
    before = layers(model)
    improved(model)
    assert layers(model) == before


def test_steps_are_numbered_anew_and_modules_keep_their_names() -> None:
    build = Building(4, 8)
    build.within("block", "Block")
    first = build.step("mul", build.x, build.step("sigmoid", build.x))
    second = build.step("mul", first, other=2)
    model = improved(build.done(build.step("linear", second, out_features=8, called="mul_9")))
    assert [model.path_of(step) for step in model.steps] == ["block.silu", "block.mul", "block.mul_9"]


def test_shared_weights_are_left_alone() -> None:
    build = Building(8, 5, 5)
    held = build.step("parameter", shape=(8, 1, 1), called="gamma")
    product = build.step("mul", held, build.x)
    again = build.step("parameter", shape=(8, 1, 1), called="gamma_again")
    build.model.steps[-1].shares = 0
    build.model.truth.params = 8
    model = build.done(build.step("mul", again, product))
    assert layers(improved(model)) == layers(model)
