"""Ops that choose elements: by truth values, by indices, by their size, or by their place."""

from __future__ import annotations

import json
from typing import Any

import pytest

import archcost
from archcost.dtypes import INDEX_DTYPE
from archcost.errors import SpecError
from archcost.ops import REGISTRY
from archcost.ops.reach import ALL, window
from archcost.spec.loader import loads
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

FIGURES = [
    Figures("where", {}, ((4, 4), (2, 3, 4, 4), ()), ((2, 3, 4, 4),)),
    Figures("masked_fill", {"value": 0}, ((2, 8, 5, 5), (5, 5)), ((2, 8, 5, 5),)),
    Figures("index_select", {"dim": 1}, ((4, 169), (2401,)), ((4, 2401),)),
    Figures("index_select", {"dim": 1}, ((4, 169, 3), (49, 48)), ((4, 49, 48, 3),)),
    Figures("index_select", {"dim": -1}, ((2, 7), (9,)), ((2, 9),)),
    Figures("gather", {"dim": 1}, ((2, 196, 8), (2, 49, 8)), ((2, 49, 8),)),
    Figures("gather", {"dim": -1}, ((4, 7), (3, 9)), ((3, 9),)),
    Figures("topk", {"k": 2}, ((3, 8),), ((3, 2), (3, 2))),
    Figures("topk", {"k": 8, "dim": 1, "largest": False}, ((3, 8, 5),), ((3, 8, 5), (3, 8, 5))),
    Figures("argmax", {}, ((2, 5),), ((),), flops=2 * 5 - 1),
    Figures("argmax", {"dim": 0}, ((2, 5),), ((5,),), flops=2 * 5 - 5),
    Figures("argmin", {"dim": -1, "keepdim": True}, ((2, 5),), ((2, 1),), flops=2 * 5 - 2),
    Figures("argmax", {"dim": 0}, ((),), ((),)),
    Figures("tril", {}, ((2, 5, 7),), ((2, 5, 7),)),
    Figures("triu", {"diagonal": 1}, ((5, 5),), ((5, 5),)),
]

REFUSALS = [
    Refusal("where", {}, ((4,), (3,), (4,)), "where cannot broadcast (4) with (3)", "compared from the last dim"),
    Refusal("where", {}, ((4,), (4,)), "where takes 3 inputs, got 2", "name them"),
    Refusal("masked_fill", {"value": 0}, ((4,), (3,)), "masked_fill cannot broadcast (4) with (3)"),
    Refusal("index_select", {"dim": 2}, ((4, 169), (9,)), "there is no dim 2 in an input of 2 dims"),
    Refusal("index_select", {"dim": 0}, ((4,), ()), "an input and an index of 1 or more dims, got (4) and ()"),
    Refusal("gather", {"dim": 0}, ((4, 3), (4,)), "an index of as many dims as the input (4, 3), got (4)"),
    Refusal("gather", {"dim": 0}, ((4, 3), (9, 4)), "an index (9, 4) reads beyond dim 1 of the input (4, 3)"),
    Refusal("topk", {"k": 9}, ((3, 8),), "topk of 9 elements along dim 1, which has 8"),
    Refusal("topk", {"k": 1}, ((),), "topk takes an input of 1 or more dims, got ()"),
    Refusal("argmax", {"dim": 2}, ((2, 5),), "there is no dim 2"),
    Refusal("tril", {}, ((5,),), "tril takes an input of 2 or more dims (*, rows, columns), got (5)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


READINGS: list[tuple[str, dict[str, Any], tuple[tuple[int, ...], ...], list[Any]]] = [
    # any row of the table, but the same column; the index at the places where its dims are in the output
    ("index_select", {"dim": 0}, ((9, 5), (2, 3)), [(ALL, window(2)), (window(0), window(1))]),
    ("index_select", {"dim": 1}, ((4, 9, 5), (2,)), [(window(0), ALL, window(2)), (window(1),)]),
    ("gather", {"dim": 1}, ((2, 9), (2, 3)), [(window(0), ALL), (window(0), window(1))]),
    ("topk", {"k": 2}, ((3, 8),), [(window(0), ALL)]),
    ("argmax", {"dim": 0}, ((3, 8),), [(ALL, window(0))]),
    ("where", {}, ((4,), (3, 4), ()), [(window(1),), (window(0), window(1)), ()]),
]


@pytest.mark.parametrize(("kind", "attributes", "inputs", "readings"), READINGS)
def test_what_is_read(kind: str, attributes: dict[str, Any], inputs: Any, readings: list[Any]) -> None:
    op = REGISTRY[kind](**attributes)
    outputs = op.infer(inputs, lambda *_, **__: None)
    assert list(op.reach(inputs, outputs, 0)) == readings


def spec_of(inputs: dict[str, Any], *layers: Any) -> Any:
    return loads(json.dumps({"archcost": 1, "inputs": inputs, "layers": [*layers]}))


def test_places_are_whole_numbers_and_comparisons_truth_values() -> None:
    """8 · 3 values of 4 bytes and as many places of 8; a byte for each of 8 · 3 truth values; 8 places."""
    report = archcost.analyze(
        spec_of(
            {"x": [8, 10]},
            {"id": "top", "topk": {"k": 3}},
            {"id": "positive", "gt": {"other": 0}, "from": "top.0"},
            {"id": "best", "argmax": {"dim": -1}, "from": "x"},
        )
    )
    dtypes = [[tensor.dtype for tensor in layer.node.outputs] for layer in report.layers]
    assert dtypes == [["float32", INDEX_DTYPE], ["bool"], [INDEX_DTYPE]]
    assert [layer.activation_bytes for layer in report.layers] == [8 * 3 * (4 + 8), 8 * 3 * 1, 8 * 8]


def test_a_bare_reference_to_topk_means_the_values() -> None:
    report = archcost.analyze(spec_of({"x": [8, 10]}, {"id": "top", "topk": {"k": 3}}, "relu"))
    assert report.layers[-1].node.outputs == ((report.layers[-1].output[0], "float32"),)


FLOATS = {"x": [4, 5]}
INTEGERS = {"i": {"shape": [4, 5], "dtype": "int64"}}


@pytest.mark.parametrize(
    ("inputs", "layer", "message", "help_text"),
    [
        (
            {**FLOATS, "y": [4, 5]},
            {"index_select": {"dim": 1}, "from": ["x", "y"]},
            "index_select takes integer indices, got float32",
            "they are int32 or int64",
        ),
        (
            {**FLOATS, "i": {"shape": [4, 5], "dtype": "int32"}},
            {"gather": {"dim": 1}, "from": ["x", "i"]},
            "gather takes integer indices, got int32",
            "they are int64;",
        ),
        (
            {"i": {"shape": [4], "dtype": "uint8"}},
            {"embedding": {"num_embeddings": 9, "embedding_dim": 2}},
            "embedding takes integer indices, got uint8",
            "they are int32 or int64",
        ),
        (
            {**FLOATS, **INTEGERS},
            {"where": None, "from": ["i", "x", "x"]},
            "where takes truth values as its condition, got int64",
            "`gt: {other: 0}`",
        ),
        (
            {**FLOATS, **INTEGERS},
            {"masked_fill": {"value": 0}, "from": ["x", "i"]},
            "masked_fill takes truth values as its mask, got int64",
            "an input has `dtype: bool`",
        ),
    ],
)
def test_dtypes_that_are_refused(inputs: dict[str, Any], layer: Any, message: str, help_text: str) -> None:
    with pytest.raises(SpecError) as caught:
        archcost.analyze(spec_of(inputs, layer))
    (problem,) = caught.value.diagnostics
    assert message in problem.message
    assert help_text in problem.help


def test_a_table_is_looked_up_by_a_buffer_and_by_a_constant() -> None:
    """Params 9 · 4, once by each; 7 places of 8 bytes are saved, the constant's are not."""
    report = archcost.analyze(
        spec_of(
            {"x": [4]},
            {"id": "saved", "buffer": {"shape": [7], "dtype": "int64"}},
            {"id": "a", "embedding": {"num_embeddings": 9, "embedding_dim": 4}},
            {"id": "zeros", "constant": {"shape": [7], "dtype": "int64"}, "from": []},
            {"id": "b", "embedding": {"num_embeddings": 9, "embedding_dim": 4}, "share": "a"},
            {"add": None, "from": ["a", "b"]},
        )
    )
    assert report.totals.params == 9 * 4
    assert (report.totals.buffers, report.totals.buffer_bytes) == (7, 7 * 8)
    assert report.layers[-1].output == ((7, 4),)


def test_the_norm_has_the_flops_of_its_parts() -> None:
    """Pow (2,048), sum (2,048 - 8) and sqrt (8) over 8 channels of 16 · 16."""
    norm = archcost.analyze(spec_of({"x": [8, 16, 16]}, {"norm": {"dim": [2, 3], "keepdim": True}}))
    parts = archcost.analyze(
        spec_of({"x": [8, 16, 16]}, {"pow": {"exponent": 2}}, {"sum": {"dim": [2, 3], "keepdim": True}}, "sqrt")
    )
    assert norm.totals.flops == parts.totals.flops == 2048 + (2048 - 8) + 8
    assert norm.layers[-1].output == parts.layers[-1].output == ((1, 8, 1, 1),)


def test_the_variance_has_the_flops_of_its_parts() -> None:
    """Mean, difference, square and mean: 2,048 each."""
    variance = archcost.analyze(spec_of({"x": [8, 16, 16]}, {"var": {"dim": [2, 3], "correction": 0}}))
    parts = archcost.analyze(
        spec_of(
            {"x": [8, 16, 16]},
            {"id": "mu", "mean": {"dim": [2, 3], "keepdim": True}},
            {"sub": None, "from": ["x", "mu"]},
            {"pow": {"exponent": 2}},
            {"mean": {"dim": [2, 3]}},
        )
    )
    assert variance.totals.flops == parts.totals.flops == 4 * 2048
