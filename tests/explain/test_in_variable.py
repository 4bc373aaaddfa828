"""``archcost explain --in``: figures as polynomials in a variable, with the values that they hold for, or a reason."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import archcost
from archcost.errors import SpecError, UsageError
from archcost.explaining import samples as samples_module
from archcost.explaining.in_variable import Range, VariableFormulas, formulas_in
from archcost.explaining.polynomials import Polynomial, interpolated
from archcost.explaining.samples import Samples
from archcost.explaining.steps import _primes
from archcost.spec.loader import loads
from tests.cover import some
from tests.profiles import examples
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from archcost.explaining.in_variable import Formula


def found_in(text: str, variable: str, path: str | None = None, **params: Any) -> VariableFormulas:
    """The formulas of a spec without its first line, under params."""
    return formulas_in(archcost.analyze(loads(f"archcost: 1\nname: net\n{text}"), params=params), variable, path)


def formula_of(formulas: VariableFormulas, figure: str) -> Formula:
    (found,) = [one for one in formulas.formulas if one.figure == figure]
    return found


def text_of(formulas: VariableFormulas, figure: str) -> str:
    polynomial = formula_of(formulas, figure).polynomial
    assert polynomial is not None, formula_of(formulas, figure).reason
    return polynomial.text(formulas.variable)


def range_of(formulas: VariableFormulas, figure: str) -> tuple[Fraction, Fraction, Fraction]:
    found = formula_of(formulas, figure).range
    assert found is not None
    return found


# --- polynomials ------------------------------------------------------------------------------------------------------

TEXTS: list[tuple[list[int | Fraction], str, str]] = [  # coefficients from the constant on
    ([], "0", "0"),
    ([7], "7", "7"),
    ([0, 1], "n", "n"),
    ([-1, 0, 1], "n² − 1", "n^{2} - 1"),
    ([0, 1234567, 0, -2], "−2·n³ + 1,234,567·n", r"-2 \cdot n^{3} + 1{,}234{,}567 \cdot n"),
    ([0, Fraction(1, 2), Fraction(3, 2)], "(3·n² + n)/2", r"\frac{3 \cdot n^{2} + n}{2}"),
    ([0, Fraction(4116, 5)], "4,116·n/5", r"\frac{4{,}116 \cdot n}{5}"),
    ([0, Fraction(1, 2520)], "n/2,520", r"\frac{n}{2{,}520}"),
    ([Fraction(1, 1260), Fraction(1, 2520)], "(n + 2)/2,520", r"\frac{n + 2}{2{,}520}"),
    ([*[0] * 10, 1], "n¹⁰", "n^{10}"),
]


@pytest.mark.parametrize(("coefficients", "text", "latex"), TEXTS)
def test_a_polynomial_is_written_over_one_denominator(
    coefficients: list[int | Fraction], text: str, latex: str
) -> None:
    polynomial = Polynomial(tuple(map(Fraction, coefficients)))
    assert (polynomial.text("n"), polynomial.latex("n")) == (text, latex)


NAMES = [("n", "n"), ("num_x", r"\text{num\_x}"), ("_", r"\text{\_}"), ("π", r"\text{π}")]


@pytest.mark.parametrize(("name", "latex"), NAMES)
def test_a_name_that_is_no_letter_stands_as_text_in_mathematics(name: str, latex: str) -> None:
    assert Polynomial((Fraction(0), Fraction(2))).latex(name) == rf"2 \cdot {latex}"


def test_nothing_is_of_degree_0() -> None:
    assert interpolated([(x, 0) for x in range(10)], most=5) == Polynomial(())
    assert Polynomial(()).degree == Polynomial((Fraction(7),)).degree == 0


COEFFICIENT = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=64)


@given(st.lists(COEFFICIENT, max_size=6), st.integers(-50, 50), st.fractions(Fraction(1, 64), 64, max_denominator=64))
def test_ten_points_give_their_polynomial_back(coefficients: list[Fraction], first: int, step: Fraction) -> None:
    while coefficients and not coefficients[-1]:
        coefficients.pop()
    polynomial = Polynomial(tuple(coefficients))
    points: Any = [(x, polynomial.at(x)) for x in [first + place * step for place in range(10)]]
    assert interpolated(points, most=5) == polynomial


@pytest.mark.parametrize(("step", "primes"), [(1, []), (2, [2]), (12, [3, 2]), (97, [97]), (224, [7, 2]), (49, [7])])
def test_a_step_is_divided_by_its_primes_the_largest_first(step: int, primes: list[int]) -> None:
    assert _primes(Fraction(step)) == primes


def test_what_follows_no_polynomial_has_none() -> None:
    assert interpolated([(x, 2**x) for x in range(10)], most=5) is None
    assert interpolated([(x, x // 2) for x in range(10)], most=5) is None
    assert interpolated([(x, x**6) for x in range(10)], most=5) is None


# --- formulas, with the arithmetic written out ------------------------------------------------------------------------

LINEAR = "params: {tokens: 4}\ninput: [$tokens, 8]\nlayers: [linear: {out_features: 16}]"
WIDTHS = """
params: {width: 6}
input: [3, 8, 8]
layers: [conv2d: {out_channels: $width, kernel_size: 3, padding: 1}, conv2d: {out_channels: $width, kernel_size: 1}]
"""
TRIANGLE = "params: {n: 7}\ninput: [1]\nlayers: [{linear: {out_features: $(i + 1)}, repeat: $n}]"
HALVED = "params: {size: 16}\ninput: [1, $size, $size]\nlayers: [conv2d: {out_channels: 1, kernel_size: 2, stride: 2}]"
FORMULAS: list[tuple[str, str, dict[str, Any], dict[str, str]]] = [
    (LINEAR, "tokens", {}, {
        "params": "144",  # 8 · 16 + 16
        "macs": "128·tokens",  # tokens · 8 · 16
        "flops": "272·tokens",  # 2 · 128 and 16 of the bias
        "weight_bytes": "576",  # 144 · 4
        "activation_bytes": "64·tokens",  # tokens · 16 · 4
        "peak_activation_bytes": "96·tokens",  # the input of 8 · 4 and the output
    }),
    (LINEAR, "batch", {"tokens": 5}, {"params": "144", "macs": "640·batch", "activation_bytes": "320·batch"}),
    (WIDTHS, "width", {}, {
        "params": "width² + 29·width",  # 3·3·3·w + w, and w·w + w
        "macs": "64·width² + 1,728·width",  # 8·8 · (3·3·3·w + w·w)
    }),
    (TRIANGLE, "n", {}, {"activation_bytes": "2·n² + 2·n"}),  # 4 · (1 + 2 + … + n) = 4 · n(n + 1)/2
    (HALVED, "size", {}, {"macs": "size²", "activation_bytes": "size²", "params": "5"}),  # (s/2)² · 4, (s/2)² · 4 B
    # ⌊17/2⌋ = 8 = (17 − 1)/2: of odd sizes (s − 1)²
    (HALVED, "size", {"size": 17}, {"macs": "size² − 2·size + 1", "params": "5"}),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "variable", "params", "wanted"), FORMULAS)
def test_formulas_of_small_specs(spec: str, variable: str, params: dict[str, Any], wanted: dict[str, str]) -> None:
    found = found_in(spec, variable, **params)
    assert {figure: text_of(found, figure) for figure in wanted} == wanted


def test_sums_of_a_growing_row_have_fractions() -> None:
    """Layer i maps max(i, 1) features to i + 1: its MACs are i·(i + 1), and 1 for i = 0; Σ i(i + 1) = (n³ − n)/3."""
    found = found_in(TRIANGLE, "n")
    assert text_of(found, "macs") == "(n³ − n + 3)/3"
    assert [str(each) for each in formula_of(found, "macs").polynomial.coefficients] == ["1", "-1/3", "0", "1/3"]  # type: ignore[union-attr]


def test_a_remainder_has_a_step_and_values_between_have_others() -> None:
    even, odd = found_in(HALVED, "size"), found_in(HALVED, "size", size=17)
    assert range_of(even, "macs") == (2, 1024, 2)
    assert range_of(odd, "macs") == (3, 1023, 2)
    assert even.between == odd.between == "other remainders of 2 have other formulas, or none"


def test_numbers_that_need_not_be_whole_have_the_largest_step_that_sizes_allow() -> None:
    """64 · width is whole for every eighth and sixteenth of 1, to the finest step of all, 1/64."""
    spec = "params: {width: 1.0}\ninput: [4]\nlayers: [linear: {out_features: $(int({} * width))}]"
    assert range_of(found_in(spec.replace("{}", "64"), "width"), "macs") == (Fraction(1, 64), 16, Fraction(1, 64))
    assert range_of(found_in(spec.replace("{}", "8"), "width"), "macs") == (Fraction(1, 8), 16, Fraction(1, 8))
    assert text_of(found_in(spec.replace("{}", "8"), "width"), "macs") == "32·width"  # 4 · 8 · width


def test_of_a_small_value_the_formula_is_tried_far_beyond_it() -> None:
    """⌊n/16⌋ is 0 at the ten neighbours of 1, and 1 at 21: at step 16 it is (n − 1)/16, and the MACs 4 · (1 + that)."""
    found = found_in("params: {n: 1}\ninput: [4]\nlayers: [linear: {out_features: $(1 + n // 16)}]", "n")
    assert (text_of(found, "macs"), range_of(found, "macs")) == ("(n + 15)/4", (1, 1009, 16))


def test_numbers_between_whole_ones_may_have_other_formulas() -> None:
    """int(width) is width at whole numbers alone."""
    found = found_in("params: {width: 12.0}\ninput: [4]\nlayers: [linear: {out_features: $(int(width))}]", "width")
    assert (text_of(found, "macs"), range_of(found, "macs").step) == ("4·width", 1)  # type: ignore[attr-defined]
    assert found.between == "values between follow other formulas, or none"


def test_a_part_of_a_model_has_formulas_of_its_own() -> None:
    found = found_in(WIDTHS, "width", "conv2d_1")
    assert (found.path, found.layers, text_of(found, "macs")) == ("conv2d_1", 1, "64·width²")
    assert "peak_activation_bytes" not in {one.figure for one in found.formulas}


# --- where they hold --------------------------------------------------------------------------------------------------

WINDOW = "params: {n: 8}\ninput: [$n, 4]\nlayers: [linear: {out_features: '$(min(n, 100))'}]"
PIECES = [(8, "4·n²", (1, 100)), (100, "400·n", (100, 1600)), (101, "400·n", (100, 1616)), (300, "400·n", (100, 4800))]


@pytest.mark.parametrize(("n", "text", "limits"), PIECES)
def test_a_formula_is_that_of_the_piece_that_the_value_is_in(n: int, text: str, limits: tuple[int, int]) -> None:
    """n · 4 · min(n, 100): the pieces meet at 100, where both are right."""
    found = found_in(WINDOW, "n", n=n)
    assert (text_of(found, "macs"), range_of(found, "macs")) == (text, (*limits, 1))
    assert ("other formulas hold for larger values" in found.above) == (limits[1] == 100)


@pytest.mark.parametrize(("x", "inside"), [(1, False), (2, True), (3, False), (4, True), (10, True), (12, False)])
def test_a_range_has_its_ends_and_every_step_between(x: int, inside: bool) -> None:
    even = Range(Fraction(2), Fraction(10), Fraction(2))
    assert (x in even, even.values) == (inside, 5)  # 2, 4, 6, 8, 10


def test_values_drawn_at_random_find_what_the_steps_of_the_range_pass_over() -> None:
    """The steps from 8 on come to 8 + 256 = 264 and 8 + 512 = 520, and nothing between: there 4 · n² is wrong."""
    wide = "$(1 if 264 < n and n < 520 else n)"
    found = found_in(f"params: {{n: 8}}\ninput: [$n, 4]\nlayers: [linear: {{out_features: '{wide}'}}]", "n")
    assert (text_of(found, "macs"), range_of(found, "macs")) == ("4·n²", (1, 264, 1))


def test_checks_are_the_analyses_that_were_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One value more than its degree determines a polynomial; all others of its range have agreed with it."""
    asked: list[Fraction] = [Fraction(8)]
    analysed = Samples.report_at

    def counted(self: Samples, x: Fraction) -> Any:
        asked.append(x)
        return analysed(self, x)

    monkeypatch.setattr(Samples, "report_at", counted)
    found = found_in(WINDOW, "n")
    within = len({x for x in asked if 1 <= x <= 100})
    assert text_of(found, "params") == "5·n"
    assert text_of(found, "macs") == "4·n²"
    assert [formula_of(found, figure).checks for figure in ("params", "macs")] == [within - 2, within - 3]


def test_the_range_of_all_is_that_of_the_most_formulas() -> None:
    """With min(n, 100) rows of a table the params, their bytes and all memory change at 100; four figures do not."""
    spec = "params: {n: 8}\ninput: {shape: [$n], dtype: int64}\nlayers: [embedding: {num_embeddings: '$(min(n, 100))',"
    found = found_in(f"{spec} embedding_dim: 4}}]", "n")
    assert (text_of(found, "params"), range_of(found, "params")) == ("4·n", (1, 100, 1))
    assert (text_of(found, "activation_bytes"), range_of(found, "activation_bytes")) == ("16·n", (1, 1024, 1))
    assert found.range == (1, 1024, 1)


def test_a_formula_may_hold_beyond_the_value_alone() -> None:
    """One token more or less than two is another structure there: `when` leaves the layer out at 2 alone."""
    spec = (
        "params: {n: 2}\ninput: [4]\nlayers: [{linear: {out_features: 4}, when: $(n != 2)}, linear: {out_features: $n}]"
    )
    found = found_in(spec, "n")
    assert text_of(found, "macs") == "4·n + 16"
    assert range_of(found, "macs") == (3, 32, 1)
    assert formula_of(found, "macs").value == 4 * 2


def test_the_edges_say_what_is_wrong_there(run: Callable[..., Run]) -> None:
    bert = formulas_in(zoo_report("bert_base"), "tokens")
    assert range_of(bert, "macs") == (1, 512, 1)  # as many positions as are learnt
    assert bert.above == "at 513: add cannot broadcast (1, 513, 768) with (512, 768)"
    assert bert.below.startswith("at 0: the shape of 'tokens' must be whole numbers ≥ 1")


def test_what_changes_nothing_is_said_to_change_nothing(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "archcost: 1\nname: net\nparams: {p: 0.25}\ninput: [4]\nlayers: [linear: {out_features: 2}, dropout: {p: $p}]\n"
    )
    shown = run("explain", str(path), "--in", "p", columns=200)
    assert shown.code == 0
    assert "no figure changes with it" in shown.out
    assert "between" not in shown.out


EXCEPTIONS: list[tuple[str, str, str, Any, tuple[Any, ...]]] = [  # the spec, the variable, a figure, range
    (("params: {n: 100}\ninput: [$n]\nlayers: [{when: $(300 < n < 310), linear: {out_features: 4}}, linear: "
     "{out_features: 10}]"), "n", "params", "10·n + 10", (1, 300, 1)),
    (("params: {n: 100}\ninput: [$n]\nlayers: [{when: $(n == 500), linear: {out_features: 4}}, linear: "
     "{out_features: 10}]"), "n", "params", "10·n + 10", (1, 499, 1)),
    ("params: {n: 50}\ninput: [$n]\nlayers: [linear: {out_features: $(2 if n % 100 == 0 else 1)}]",
     "n", "params", "n + 1", (1, 99, 1)),
    (("params: {n: 16}\ninput: [$n]\nlayers: [linear: {out_features: 4}, {when: $(n > 700), custom: {name: y, output: "
     "[$batch, 4], params: 3}}]"), "n", "macs", "4·n", (1, 700, 1)),  # beyond it the MACs are not known
    ("params: {w: 1.0}\ninput: [3, 8, 8]\nlayers: [conv2d: {out_channels: $(int(50 * w)), kernel_size: 1}]",
     "w", "params", "200·w", (Fraction(3, 5), Fraction(28, 25), Fraction(1, 50))),  # int(50 · 0.58) = int(28.99…) = 28
]  # fmt: skip


@pytest.mark.parametrize(("spec", "variable", "figure", "text", "values"), EXCEPTIONS)
def test_a_range_ends_before_an_exception(
    spec: str, variable: str, figure: str, text: str, values: tuple[Any, ...]
) -> None:
    found = found_in(spec, variable)
    assert (text_of(found, figure), range_of(found, figure)) == (text, values)


def test_a_shortcut_that_is_left_out_where_widths_meet() -> None:
    """A block of the model adds a convolution `when: $(in_channels != channels)`: at 25 it is not there."""
    found = formulas_in(zoo_report("tcn"), "features")
    assert (text_of(found, "params"), range_of(found, "params")) == ("200·features + 66,310", (1, 24, 1))


LONG = """
params: {n: 2000}
input: [$n]
layers:
  - {when: $(n == 9125 or 4 * n == 4564), relu: }
  - {linear: {out_features: 7}, id: first}
  - {linear: {out_features: 7}, repeat: 400}
"""


def test_numbers_of_the_spec_are_looked_at_in_long_ranges() -> None:
    """402 layers are not analysed at 32,000 values; 9,125 is in the text, and 4,564 / 4 = 1,141 is a quarter of one."""
    assert range_of(found_in(LONG, "n"), "flops") == (1142, 9124, 1)


def test_what_holds_far_above_the_value_alone_is_no_finding() -> None:
    """Strides beyond 62 all give one position; the formula of those says nothing of a stride of 2."""
    spec = "params: {s: 2}\ninput: [3, 64, 64]\nlayers: [conv2d: {out_channels: 5, kernel_size: 3, stride: $s}]"
    found = formula_of(found_in(spec, "s"), "macs")
    assert (found.polynomial, found.value) == (None, 31 * 31 * 5 * 3 * 3 * 3)


def test_a_formula_that_does_not_hold_for_the_value_stands_behind_the_figure(run: Callable[..., Run]) -> None:
    shown = run("explain", "regnet_x_400mf", "--in", "se_ratio", columns=160).out
    assert "params           5,495,976; from 1 to 10: 3,995,728·se_ratio + 5,502,056\n" in shown


def test_huge_values_have_formulas_too() -> None:
    found = found_in("params: {n: 100000000000000000000, f: 1.0e+300}\ninput: [8]\nlayers: [relu]", "n")
    assert text_of(found, "flops") == "8"
    assert text_of(formulas_in(found.report, "f"), "flops") == "8"


def test_figures_without_a_formula_may_change(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "archcost: 1\nparams: {n: 4}\ninput: [24, 8]\nlayers: [chunk: {chunks: $n, dim: 1}, {relu: , from: chunk.0}]\n"
    )
    assert "no figure changes" not in run("explain", str(path), "--in", "n", columns=200).out


def test_a_whole_number_may_be_written_as_a_float() -> None:
    report = archcost.analyze("resnet50", params={"resolution": 224.0})
    assert text_of(formulas_in(report, "resolution"), "macs") == "81,456·resolution² + 2,048,000"


# --- why there is none ------------------------------------------------------------------------------------------------

ROUNDED = (
    "params: {width: 10}\ninput: [4]\nlayers: [linear: {out_features: 2}, linear: {out_features: $(int(sqrt(width)))}]"
)
UNKNOWN = """
params: {n: 4}
input: [$n]
layers: [linear: {out_features: 2}, {id: c, custom: {name: c, output: [$batch, 4], params: 5}}]
"""
TWO_UNKNOWN = UNKNOWN.rstrip()[:-1] + ", {id: d, custom: {name: d, output: [$batch, 4]}}]"
REASONS: list[tuple[str, str, dict[str, str]]] = [
    (ROUNDED, "width", {
        "macs": "there is no polynomial of degree 5 or less at any step that was tried; the first layer that breaks it "
        "is linear_1: dim 1 of its output is 3, 3, 4, 4 at width 14, 15, 16, 17",
    }),
    ("params: {n: 10}\ninput: [4]\nlayers: [{linear: {out_features: 4}, repeat: $(int(sqrt(n)))}]", "n", {
        "params": "there is no polynomial of degree 5 or less at any step that was tried; the number of layers is "
        "3, 3, 4, 4 at n 14, 15, 16, 17",
    }),
    (UNKNOWN, "n", {"macs": "not known for c", "flops": "not known for c"}),
    (TWO_UNKNOWN, "n", {"macs": "not known for c", "flops": "not known for c"}),
    ("params: {heads: 4}\ninput: [3, 12]\nlayers: [multihead_attention: {num_heads: $heads}]", "heads", {
        "macs": "too few values near 4 are valid; at 5: multihead_attention: 12 features cannot be "
        "divided into 5 heads",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "variable", "reasons"), REASONS)
def test_a_figure_without_a_formula_says_why(spec: str, variable: str, reasons: dict[str, str]) -> None:
    found = found_in(spec, variable)
    assert {figure: formula_of(found, figure).reason for figure in reasons} == reasons
    assert all((one.polynomial is None) == bool(one.reason) for one in found.formulas)


def test_a_model_without_any_formula_is_shown_with_its_reason(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"archcost: 1\nname: net\n{UNKNOWN}\n")
    shown = run("explain", str(path), "--in", "n", columns=200)
    assert shown.code == 0
    assert "MACs             ≥ 8; no formula" in shown.out  # 4 · 2 in the linear layer
    assert "no formula       for MACs, FLOPs: not known for c" in shown.out


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("resnet18", "--in", "resolutoin"), "resnet18 has no param 'resolutoin'\nhelp: did you mean 'resolution'?"),
    (("resnet18", "--in", "depths"), "'depths' of resnet18 is no number"),
    (("resnet18", "--in", "training"), "resnet18 has no param 'training'"),
    (("conv5x5", "--in", "width"), "conv5x5 has no param 'width'\nhelp: known numeric params: batch"),
    (("resnet18", "layer9", "--in", "batch"), "no layer or scope 'layer9'"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_a_wrong_name_is_an_error_with_a_way_out(words: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    shown = run("explain", *words)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err


# --- work -------------------------------------------------------------------------------------------------------------


def test_each_value_is_analysed_once_and_not_too_many_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Fraction] = []
    analysed = Samples.report_at

    def counted(self: Samples, x: Fraction) -> Any:
        asked.append(x)
        return analysed(self, x)

    monkeypatch.setattr(Samples, "report_at", counted)
    formulas_in(zoo_report("resnet18"), "resolution")  # 112 values from 32 to 3,584, and those tried in between
    assert len(asked) == len(set(asked)) < 160


def test_the_range_ends_where_further_layers_would_be_too_many() -> None:
    """60 further analyses of twice the layers have to be affordable, so that it ends well below 500,000 / 60 / 2."""
    found = found_in("params: {n: 100}\ninput: [4]\nlayers: [{relu: , repeat: $n}]", "n")
    assert range_of(found, "flops").high == 1600  # type: ignore[attr-defined]
    long = found_in("params: {n: 3000}\ninput: [4]\nlayers: [{relu: , repeat: $n}]", "n")
    assert text_of(long, "flops") == "4·n"
    assert range_of(long, "flops").high < 4200  # type: ignore[attr-defined]
    assert long.above == "larger values were not tried"


def test_a_model_that_is_too_large_is_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples_module, "MOST_LAYERS", 1000)
    with pytest.raises(
        UsageError, match=r"analysed too often: 1,000 layers so far\nhelp: it takes a model of fewer layers$"
    ):
        formulas_in(zoo_report("resnet18"), "resolution")


# --- formats ----------------------------------------------------------------------------------------------------------


def test_json_has_every_coefficient_exactly(run: Callable[..., Run]) -> None:
    data = json.loads(run("explain", "resnet50", "--in", "resolution", "--format", "json").out)
    by_figure = {one["figure"]: one for one in data["formulas"]}
    assert by_figure["flops"]["polynomial"]["coefficients"] == [4_099_048, 0, "327381/2"]
    assert by_figure["macs"]["polynomial"]["text"] == "81,456·resolution² + 2,048,000"
    assert data["range"] == {"low": 32, "high": 3584, "step": 32, "values": 112}
    assert 81_456 * 224**2 + 2_048_000 == data["formulas"][1]["value"] == 4_089_184_256


def test_the_figures_of_a_language_model_in_tokens(run: Callable[..., Run]) -> None:
    """Each of 32 layers has 2 products of 4,096 · tokens², and of the rest a token takes all matrices but the table."""
    found = formulas_in(zoo_report("llama_3_8b"), "tokens")
    matrices = 8_030_261_248 - 128_256 * 4096 - 65 * 4096  # the table, and the weights of 65 norms
    assert (32 * 2 * 4096, matrices) == (262_144, 7_504_658_432)
    assert text_of(found, "macs") == "262,144·tokens² + 7,504,658,432·tokens"
    assert text_of(found, "cache_bytes") == "131,072·tokens"  # 32 · 2 · 8 · 128 values of 2 bytes
    shown = run("explain", "llama_3_8b", "--in", "tokens", columns=80).out
    assert "MACs             262,144·tokens² + 7,504,658,432·tokens = 79,070,347,919,360\n" in shown


# --- they are true ----------------------------------------------------------------------------------------------------


def check(found: VariableFormulas, values: int, seed: int) -> None:
    """Every formula gives what an analysis gives, at values drawn from its range; there are formulas at all."""
    known: dict[Fraction, Any] = {}
    for one in found.formulas:
        if one.polynomial is None or one.range is None:
            assert one.reason
            continue
        drawn = Random(seed)  # the same values for the same range
        for _ in range(values):
            x = one.range.low + drawn.randrange(one.range.values) * one.range.step
            if x not in known:
                known[x] = Samples(found.report, found.variable, found.path).at(x)
            assert known[x].figures.get(one.figure) == one.polynomial.at(x), (found.report.name, one.figure, x)


SIDES = st.integers(1, 4)
CONV = st.builds(
    "conv2d: {{out_channels: {}, kernel_size: {}, stride: {}, padding: {}}}".format,
    SIDES,
    SIDES,
    SIDES,
    st.integers(0, 3),
)
POOL = st.builds("max_pool2d: {{kernel_size: {}, stride: {}}}".format, st.integers(1, 3), SIDES)
WIDE = st.builds("conv2d: {{out_channels: $(max(1, size // {} + {})), kernel_size: 1}}".format, SIDES, SIDES)


@hypothesis_settings(max_examples=examples(40, usual=20))
@given(st.lists(CONV | POOL | WIDE | st.just("relu"), min_size=1, max_size=4), st.integers(8, 60), st.booleans())
def test_formulas_of_random_networks_are_true(layers: list[str], size: int, ends: bool) -> None:
    tail = [*layers, *(["adaptive_avg_pool2d: 1", "flatten", "linear: 3"] if ends else [])]
    spec = f"params: {{size: {size}}}\ninput: [2, $size, $size]\nlayers: [{', '.join(tail)}]"
    try:
        found = found_in(spec, "size")
    except SpecError:
        return  # a window that does not fit
    check(found, 20, size)


ZOO = [  # 40 models, and one of resolution, width, tokens, batch and their like
    ("llama_3_8b", "tokens"), ("resnet50", "resolution"), ("mobilenet_v1", "width"), ("gpt2", "tokens"),
    ("bert_base", "batch"), ("swin_t", "resolution"), ("wav2vec2_base", "samples"), ("tcn", "tokens"),
    ("alexnet", "batch"), ("densenet40_k12", "depth"), ("bert_large", "tokens"), ("convnext_tiny", "resolution"),
    ("darknet53", "resolution"), ("ddpm_cifar10", "width"), ("detr_resnet50", "height"), ("densenet121", "width"),
    ("efficientnet_b0", "width_mult"), ("efficientnet_b2", "resolution"), ("ghostnet", "batch"), ("gru_lm", "tokens"),
    ("llama_2_70b", "width"), ("lstm_lm", "width"), ("maxvit_t", "resolution"), ("mistral_7b", "tokens"),
    ("mixer_b16", "resolution"), ("mixtral_8x7b", "tokens"), ("mobilenet_v2", "width_mult"), ("mvit_v1_b", "frames"),
    ("r3d_18", "frames"), ("regnet_y_400mf", "resolution"), ("repvgg_a0", "a"), ("resnet20", "n"),
    ("shufflenet_v1", "width"), ("shufflenet_v2_x1_0", "resolution"), ("stable_diffusion_v1_unet", "batch"),
    ("t5_small", "layers"), ("transformer_base", "source_len"), ("unet", "resolution"), ("vit_b_16", "resolution"),
    ("whisper_tiny", "frames"),
]  # fmt: skip
_QUICK = {"llama_3_8b", "resnet50", "mobilenet_v1", "gpt2", "tcn"}


def test_forty_models_are_tried() -> None:
    assert len(dict(ZOO)) == 40


@pytest.mark.parametrize(("model", "variable"), some(ZOO, [one for one in ZOO if one[0] in _QUICK]))
def test_formulas_of_the_zoo_are_true(model: str, variable: str) -> None:
    """At 20 values drawn from each formula's range."""
    found = formulas_in(zoo_report(model), variable)
    assert {one.figure for one in found.formulas if one.polynomial is not None} >= {"params", "macs", "flops"}
    check(found, 20, ZOO.index((model, variable)))
