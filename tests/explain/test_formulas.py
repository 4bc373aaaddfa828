"""Explanations cannot be wrong: an op's own rules, run on symbols, give its figures, and the numbers as printed too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from archcost.dims import numel, total
from archcost.explaining.arrangement import symbols_in
from archcost.explaining.formulas import Formulas, formulas, formulas_of
from archcost.ops import REGISTRY, apply, raise_on_false
from tests.ops.cases import CASES, Case, for_each_kind

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.ops.base import Op


def evaluated(text: str) -> int:
    """The value of numbers as they are printed."""
    text = text.replace(",", "").replace("·", "*").replace("×", "*").replace("−", "-")
    text = re.sub(r"⌊([\d.*]+)⌋", r"int(\1)", text)
    text = re.sub(r"⌊(.*?)/([\d()*]+)⌋", r"((\1)//(\2))", text)
    text = re.sub(r"⌈(.*?)/([\d()*]+)⌉", r"(-(-(\1)//(\2)))", text)
    text = re.sub(r"(?<!/)/(?!/)", "//", text)
    assert re.fullmatch(r"([\d.+*/() -]|int)+", text), text
    return int(eval(text))


def of(case: Case) -> Formulas:
    op = REGISTRY[case.kind](**case.attributes)
    return formulas(op, case.input_shapes, apply(op, case.input_shapes))


def checked(op: Op, inputs: tuple[Shape, ...], found: Formulas) -> None:
    """The formulas have the engine's figures, and the numbers as printed give the same."""
    outputs = op.infer(inputs, raise_on_false)
    assert found.params.value == total(numel(shape) for shape in op.weights(inputs).values())
    assert found.macs.value == op.macs(inputs, outputs)
    assert found.other.value == op.flops(inputs, outputs)
    for size in found.sizes:
        assert size.formula.value == outputs[size.output][size.dim]
    for formula in (found.params, found.macs, found.other, *[size.formula for size in found.sizes]):
        assert evaluated(formula.text(numbers=True)) == formula.value, formula.text()
        assert formula.latex().count("{") == formula.latex().count("}")
        assert "." not in "".join(symbol.name for symbol in symbols_in(formula)), "every size has a name"


@for_each_kind(CASES)
def test_rules_on_symbols_give_what_they_give_on_ints(case: Case) -> None:
    checked(REGISTRY[case.kind](**case.attributes), case.input_shapes, of(case))


def test_rules_on_symbols_give_the_figures_of_the_zoo(cover_model: Report) -> None:
    signatures = {id(node.signature): node.signature for node in cover_model.graph.nodes}
    for signature in signatures.values():
        checked(signature.op, tuple([tensor.shape for tensor in signature.inputs]), formulas_of(signature))


# kind: symbols of the size, params, MACs, and FLOPs beyond 2 × MACs of its first case
NOTATION = {
    "conv2d": ("⌊(n + 2p − f)/s⌋ + 1", "f·f·c_in·c_out + c_out", "b·h·w·c_out × f·f·c_in", "b·h·w·c_out"),
    "conv_transpose1d": ("(n − 1)·s − 2p + f", "f·c_in·c_out + c_out", "b·l_in·c_in × f·c_out", "b·l·c_out"),
    "deform_conv2d": ("⌊(n + 2p − f)/s⌋ + 1", "f·f·c_in·c_out + c_out", "b·h·w·c_out × f·f·c_in",
                      "7·b·h·w × f·f·c_in + b·h·w·c_out"),
    "max_pool2d": ("⌊(n + 2p − f)/f⌋ + 1", "0", "0", "b·h·w·c × (f·f − 1)"),
    "adaptive_avg_pool2d": ("", "0", "0", "b·h_in·w_in·c + b·h·w·c"),
    "linear": ("", "in·out + out", "outputs × in", "outputs"),
    "embedding": ("", "rows·dim", "0", "0"),
    "batch_norm2d": ("", "2c", "0", "2·b·h·w·c"),
    "layer_norm": ("", "2·features", "0", "5·outputs"),
    "local_response_norm": ("", "0", "0", "outputs × (n + 4)"),
    "relu": ("", "0", "0", "outputs"),
    "mean": ("", "0", "0", "inputs"),
    "max": ("", "0", "0", "inputs − outputs"),
    "concat": ("n_1 + n_2 + n_3", "0", "0", "0"),
    "glu": ("n/2", "0", "0", "4·outputs"),
    "chunk": ("n/chunks", "0", "0", "0"),
    "pixel_shuffle": ("n/(r·r)", "0", "0", "0"),
    "window_partition": ("b·h/f·w/f", "0", "0", "0"),
    "window_reverse": ("windows/(n_h/f·n_w/f)", "0", "0", "0"),
    "relative_position_bias": ("f·f", "heads·(2f − 1)·(2f − 1)", "0", "0"),
    "rotary_embedding": ("", "0", "0", "3·outputs"),
    "matmul": ("", "0", "outputs × k", "0"),
    "einsum": ("", "0", "b·h·i·j × d", "0"),
    "scaled_dot_product_attention": ("", "0", "b·heads·L·S × E + b·heads·L·E_v × S", "4·b·heads·L·S"),
    "multihead_attention": ("", "4·E·E + 4E", "4·L·E × E + 2·L·E × L", "4·L·E + 4·L·L × heads"),
    "lstm": ("", "gates·hidden·(in + hidden) + 2·gates·hidden", "b·L × gates·hidden·(in + hidden)",
             "b·L × hidden·(cell + 2·gates)"),
    "mixture_of_experts": ("", "d·E + 3·d·E·h", "tokens × (d·E + 3·d·k·h)",
                           "tokens × (5·k·h + 3k + d·k + d·(k − 1))"),
    "custom": ("", "declared", "0", "0"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOTATION)
def test_notation(kind: str) -> None:
    found = of(next(case for case in CASES if case.kind == kind))
    size = found.sizes[0].formula.text() if found.sizes else ""
    assert (size, found.params.text(), found.macs.text(), found.other.text()) == NOTATION[kind]


def test_the_course_s_convolution() -> None:
    case = next(case for case in CASES if case.kind == "conv2d" and case.input_shapes == ((1, 192, 28, 28),))
    found = of(case)
    assert found.macs.text(numbers=True) == "28·28·32 × 5·5·192"
    assert found.macs.value == 28 * 28 * 32 * 5 * 5 * 192 == 120_422_400
    assert found.params.text(numbers=True) == "5·5·192·32 + 32"
    assert found.sizes[0].formula.text(numbers=True) == "⌊(28 + 2·2 − 5)/1⌋ + 1"


SIZES = [  # how each size that is computed is called, and its formula
    (Case("pad", {"pad": [1, 2]}, ((2, 3, 4),)), ["dim 2: before + n + after"]),
    (Case("pad", {"pad": [0, 1, 2, 3, 1, 0]}, ((2, 3, 4, 5),)), [
        "channels: before + n", "height: before + n + after", "width: n + after",  # 1 and 0, 2 and 3, 0 and 1
    ]),
    (Case("glu", {"dim": 1}, ((2, 6, 5, 4),)), ["channels: n/2"]),
    (Case("glu", {"dim": 1}, ((2, 6),)), ["dim 1: n/2"]),
    (Case("concat", {"dim": -1}, ((2, 3), (2, 5))), ["dim 1: n_1 + n_2"]),
    (Case("pixel_shuffle", {"upscale_factor": 3}, ((9, 5, 4),)), ["channels: n/(r·r)", "height: n·r", "width: n·r"]),
    (Case("window_partition", {"window_size": 2}, ((2, 4, 6, 3),)), ["windows: b·h/f·w/f", "positions: f·f"]),
    (Case("window_reverse", {"window_size": [2, 4], "output_size": 4}, ((2, 8, 3),)), ["batch: windows/(n/f_h·n/f_w)"]),
]  # fmt: skip
COUNTS = [  # params, MACs, and FLOPs beyond 2 × MACs
    (Case("linear", {"out_features": 3}, ((16,),)), ("in·out + out", "in·out", "out")),
    (Case("layer_norm", {}, ((4,),)), ("2·features", "0", "5·features")),
    (Case("group_norm", {"num_groups": 2}, ((2, 6),)), ("2c", "0", "5·b·c")),
    (Case("einsum", {"equation": "ij,jk"}, ((3, 4), (4, 5))), ("0", "i·k × j", "0")),
    (Case("einsum", {"equation": "bchw,hkc->bkhw"}, ((2, 3, 4, 5), (4, 6, 3))), ("0", "b·k·h·w × c", "0")),
]


@pytest.mark.parametrize(("case", "sizes"), SIZES, ids=str)
def test_sizes_are_called_by_their_layout_where_it_is_that_of_the_input(case: Case, sizes: list[str]) -> None:
    assert [f"{size.what}: {size.formula.text()}" for size in of(case).sizes] == sizes


@pytest.mark.parametrize(("case", "counts"), COUNTS, ids=str)
def test_counts_of_other_ranks_and_letters(case: Case, counts: tuple[str, str, str]) -> None:
    found = of(case)
    assert (found.params.text(), found.macs.text(), found.other.text()) == counts


GEOMETRY = {
    ("conv2d", "dilation"): "⌊(n − 1)/s⌋ + 1",  # padding: same, which adds what the window takes
    ("conv3d", "dilation"): "⌊(n − 1)/s⌋ + 1",
    ("max_pool2d", "dilation"): "⌊(n + 2p − d·(f − 1) − 1)/s⌋ + 1",
    ("conv_transpose2d", "output_padding"): "(n − 1)·s − 2p + f + o",
    ("max_pool2d", "ceil_mode"): "⌈(n + 2p − f)/s⌉ + 1",
}


# attributes and inputs: where a formula has other parts than in the first case of its kind
PARTS = [
    (Case("lstm", {"hidden_size": 6, "num_layers": 3, "bidirectional": True}, ((1, 7, 5),)), "params",
     "2·gates·hidden·(in + hidden) + 4·gates·hidden·(directions·hidden + hidden) + 12·gates·hidden",
     "2·4·6·(5 + 6) + 4·4·6·(2·6 + 6) + 12·4·6"),
    (Case("gru", {"hidden_size": 6, "num_layers": 2}, ((1, 7, 5),)), "macs",
     "L × (gates·hidden·(in + hidden) + 2·gates·hidden·hidden)", "7 × (3·6·(5 + 6) + 2·3·6·6)"),
    (Case("parameter", {"shape": [1, 1, 16]}, ()), "params", "outputs", "16"),
    (Case("layer_norm", {"normalized_shape": [5, 8], "bias": False}, ((2, 5, 8),)), "params", "features", "5·8"),
    (Case("upsample", {"size": [7, 8], "mode": "bilinear"}, ((1, 3, 5, 4),)), "other",
     "h·w·c × (2·taps − 1)", "7·8·3 × (2·4 − 1)"),
    (Case("relative_position_bias", {"window_size": [2, 3], "num_heads": 4}, ()), "params",
     "heads·(2·f_h − 1)·(2·f_w − 1)", "4·(2·2 − 1)·(2·3 − 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "figure", "symbols", "numbers"), PARTS, ids=str)
def test_parts_keep_their_factors_and_names(case: Case, figure: str, symbols: str, numbers: str) -> None:
    found = getattr(of(case), figure)
    assert (found.text(), found.text(numbers=True)) == (symbols, numbers)


SIZES = [  # what is counted from the end, or cut off, is subtracted
    (Case("slice", {"dim": 1, "start": 1, "end": -1}, ((2, 10),)), "n − end − start", "10 − 1 − 1"),
    (Case("slice", {"dim": 1, "start": -7, "step": 3}, ((2, 10),)), "⌈start/step⌉", "⌈7/3⌉"),
    (Case("pad", {"pad": [-1, 2]}, ((2, 5),)), "n − before + after", "5 − 1 + 2"),
]


@pytest.mark.parametrize(("case", "symbols", "numbers"), SIZES, ids=str)
def test_sizes_with_negative_numbers(case: Case, symbols: str, numbers: str) -> None:
    (size,) = of(case).sizes
    assert (size.formula.text(), size.formula.text(numbers=True)) == (symbols, numbers)


def test_a_pool_says_why_its_last_window_is_missing() -> None:
    """⌈(5 + 2·1 − 2)/3⌉ + 1 = 3, but the third window would begin at 2·3 ≥ 5 + 1."""
    attributes = {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}
    size = of(Case("max_pool2d", attributes, ((1, 1, 5, 5),))).sizes[0]
    assert (size.formula.text(), size.formula.value) == ("⌈(n + 2p − f)/s⌉ + 1 − 1", 2)
    assert size.note == "the last window would start in the padding"
    whole = of(Case("max_pool2d", attributes, ((1, 1, 9, 9),))).sizes[0]
    assert (whole.formula.text(), whole.note) == ("⌈(n + 2p − f)/s⌉ + 1", "")


LABELS = [
    (Case("window_partition", {"window_size": 2}, ((2, 4, 6, 3),)), ["windows", "positions"]),
    (Case("window_reverse", {"window_size": 2, "output_size": [4, 6]}, ((12, 4, 3),)), ["batch"]),
    (Case("gru", {"hidden_size": 6, "bidirectional": True, "num_layers": 2}, ((1, 7, 5),)), ["dim 2", "dim 0"]),
]


@pytest.mark.parametrize(("case", "labels"), LABELS, ids=str)
def test_sizes_are_called_by_the_words_of_the_output(case: Case, labels: list[str]) -> None:
    assert [size.what for size in of(case).sizes] == labels


@pytest.mark.parametrize("key", GEOMETRY, ids=str)
def test_other_geometry(key: tuple[str, str]) -> None:
    kind, attribute = key
    found = of(next(case for case in CASES if case.kind == kind and attribute in case.attributes))
    assert GEOMETRY[key] == found.sizes[0].formula.text()
