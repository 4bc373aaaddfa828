import pytest

from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

IMAGE = (2, 64, 28, 28)
PIXELS = 2 * 64 * 28 * 28

FIGURES = [
    Figures("add", {}, (IMAGE, IMAGE), (IMAGE,), flops=PIXELS),
    Figures("add", {}, (IMAGE, (64, 1, 1), (28,)), (IMAGE,), flops=2 * PIXELS),
    Figures("add", {}, ((3, 1), (4,)), ((3, 4),), flops=3 * 4),
    Figures("add", {}, ((), ()), ((),), flops=1),
    Figures("add", {"other": 1}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("mul", {}, (IMAGE, (2, 64, 1, 1)), (IMAGE,), flops=PIXELS),
    Figures("mul", {"other": 0.5}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("sub", {}, ((5,), (2, 3, 1)), ((2, 3, 5),), flops=2 * 3 * 5),
    Figures("div", {"other": 2}, ((5,),), ((5,),), flops=5),
    Figures("matmul", {}, ((2, 8, 7, 64), (2, 8, 64, 9)), ((2, 8, 7, 9),), macs=2 * 8 * 7 * 9 * 64),
    Figures("matmul", {}, ((8, 1, 7, 64), (3, 64, 9)), ((8, 3, 7, 9),), macs=8 * 3 * 7 * 9 * 64),
    Figures("matmul", {}, ((7, 64), (64, 9)), ((7, 9),), macs=7 * 9 * 64),
    Figures("matmul", {}, ((64,), (64,)), ((),), macs=64),
    Figures("matmul", {}, ((64,), (2, 64, 9)), ((2, 9),), macs=2 * 9 * 64),
    Figures("matmul", {}, ((2, 7, 64), (64,)), ((2, 7),), macs=2 * 7 * 64),
    Figures("clamp", {"min": 0, "max": 6}, (IMAGE,), (IMAGE,), flops=2 * PIXELS),
    Figures("clamp", {"max": 4.605}, ((3, 1, 1),), ((3, 1, 1),), flops=3),
    Figures("exp", {}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("log", {}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("abs", {}, ((5,),), ((5,),), flops=5),
    Figures("sign", {}, ((5,),), ((5,),), flops=5),
    Figures("floor", {}, ((5,),), ((5,),), flops=5),
    Figures("ceil", {}, ((5,),), ((5,),), flops=5),
    Figures("round", {}, ((5,),), ((5,),), flops=5),
    Figures("reciprocal", {}, ((5,),), ((5,),), flops=5),
    Figures("rsqrt", {}, ((5,),), ((5,),), flops=5 + 5),  # a root and a quotient
    Figures("erf", {}, ((2, 3),), ((2, 3),), flops=2 * 3 * 4),  # as within gelu
    Figures("maximum", {}, ((2, 1, 4), (3, 1)), ((2, 3, 4),), flops=2 * 3 * 4),
    Figures("minimum", {}, ((), ()), ((),), flops=1),
    Figures("eq", {}, ((2, 1, 4), (3, 1)), ((2, 3, 4),), flops=2 * 3 * 4),
    Figures("ge", {"other": 0.5}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("logical_and", {}, ((2, 1, 4), (3, 1)), ((2, 3, 4),), flops=2 * 3 * 4),
    Figures("logical_or", {}, ((5,), (5,)), ((5,),), flops=5),
    Figures("logical_not", {}, ((2, 5),), ((2, 5),), flops=2 * 5),
    Figures("sin", {}, ((5,),), ((5,),), flops=5),
    Figures("cos", {}, ((5,),), ((5,),), flops=5),
    Figures("sqrt", {}, ((),), ((),), flops=1),
    Figures("pow", {"exponent": 2}, ((2, 5),), ((2, 5),), flops=2 * 5),
    Figures(
        "einsum",
        {"equation": "b h i d, b h j d -> b h i j"},
        ((2, 8, 7, 64), (2, 8, 9, 64)),
        ((2, 8, 7, 9),),
        macs=2 * 8 * 7 * 9 * 64,
    ),
    Figures("einsum", {"equation": "ij,jk"}, ((7, 64), (64, 9)), ((7, 9),), macs=7 * 9 * 64),
    Figures("einsum", {"equation": "ji,jk"}, ((64, 7), (64, 9)), ((7, 9),), macs=7 * 9 * 64),
    Figures("einsum", {"equation": "...i,ij->...j"}, ((2, 7, 64), (64, 9)), ((2, 7, 9),), macs=2 * 7 * 9 * 64),
    Figures(
        "einsum",
        {"equation": "bchw,hkc->bkhw"},  # in each row of the image another matrix
        ((2, 16, 28, 28), (28, 32, 16)),
        ((2, 32, 28, 28),),
        macs=2 * 32 * 28 * 28 * 16,
    ),
    Figures("einsum", {"equation": "ij,ij->"}, ((3, 4), (3, 4)), ((),), macs=3 * 4),
    Figures("einsum", {"equation": "i,j->ij"}, ((3,), (4,)), ((3, 4),), flops=3 * 4),
    Figures("einsum", {"equation": "...,c->...c"}, ((3, 4), (5,)), ((3, 4, 5),), flops=3 * 4 * 5),
    # what one operand alone sums over is summed first: 2 · 4 numbers are left of 2 · 3 · 4
    Figures(
        "einsum", {"equation": "bij,jk->bk"}, ((2, 3, 4), (4, 5)), ((2, 5),), macs=2 * 4 * 5, flops=2 * 3 * 4 - 2 * 4
    ),
    Figures("einsum", {"equation": "ij,kl->il"}, ((3, 4), (5, 6)), ((3, 6),), flops=(3 * 4 - 3) + (5 * 6 - 6) + 3 * 6),
    Figures("einsum", {"equation": "bij->b"}, ((2, 3, 4),), ((2,),), flops=2 * 3 * 4 - 2),
    Figures("einsum", {"equation": "...ij->...ji"}, ((2, 3, 4),), ((2, 4, 3),)),
    Figures("mean", {"dim": [2, 3]}, (IMAGE,), ((2, 64),), flops=PIXELS),  # PIXELS - 2 * 64 sums, 2 * 64 quotients
    Figures("mean", {"dim": -1, "keepdim": True}, ((2, 5),), ((2, 1),), flops=2 * 5),
    Figures("sum", {}, ((2, 5),), ((),), flops=2 * 5 - 1),
    Figures("sum", {"dim": []}, ((2, 5),), ((),), flops=2 * 5 - 1),
    Figures("sum", {"dim": 0, "keepdim": True}, ((2, 5),), ((1, 5),), flops=2 * 5 - 5),
    Figures("logsumexp", {"dim": 1}, ((2, 5, 3),), ((2, 3),), flops=2 * 5 * 3 + (2 * 5 * 3 - 2 * 3) + 2 * 3),
    Figures("max", {"dim": 1}, ((2, 5, 3),), ((2, 3),), flops=2 * 5 * 3 - 2 * 3),
    Figures("min", {"dim": 1}, ((2, 5, 3),), ((2, 3),), flops=2 * 5 * 3 - 2 * 3),
    Figures("var", {"dim": 1}, ((2, 5, 3),), ((2, 3),), flops=4 * 2 * 5 * 3),
    Figures("var", {"dim": 0, "correction": 0}, ((),), ((),), flops=4),
    Figures("std", {"dim": 1}, ((2, 5, 3),), ((2, 3),), flops=4 * 2 * 5 * 3 + 2 * 3),
    Figures("norm", {}, ((2, 5, 3),), ((),), flops=2 * 5 * 3 + (2 * 5 * 3 - 1) + 1),
    Figures("norm", {"dim": [0, 2], "ord": 1}, ((2, 5, 3),), ((5,),), flops=2 * 2 * 5 * 3),
    Figures("cumsum", {"dim": 1}, ((2, 5, 3),), ((2, 5, 3),), flops=2 * (5 - 1) * 3),
    Figures("cumsum", {"dim": 0}, ((),), ((),)),
]

PROJECTION = "apply a projection to the shortcut "
REFUSALS = [
    Refusal("clamp", {}, ((5,),), "clamp needs 'min', 'max' or both"),
    Refusal(
        "einsum",
        {"equation": "ij,jk->ik"},
        ((3, 4), (5, 6)),
        "the dim 'j' has size 4 in one operand and 5 in the other",
    ),
    Refusal("einsum", {"equation": "ij,jk->ik"}, ((3, 4),), "'ij,jk->ik' takes 2 inputs, got 1"),
    Refusal(
        "einsum",
        {"equation": "ij,jk,kl->il"},
        ((3, 4), (4, 5), (5, 6)),
        "einsum takes 1 to 2 inputs, got 3",
        "write `einsum: ij, jk -> ik`, then `einsum: ik, kl -> il`, from the left as torch does without opt_einsum",
    ),
    Refusal("einsum", {"equation": "ij->i"}, ((3, 4, 5),), "the term 'ij' does not fit an operand of 3 dims"),
    Refusal("einsum", {"equation": "ii->i"}, ((3, 3),), "a letter appears twice in the term 'ii'"),
    Refusal("einsum", {"equation": "ij->k"}, ((3, 4),), "the letter 'k' of the output is in no operand"),
    Refusal("einsum", {"equation": "...i->i"}, ((3, 4),), "the '...' of an operand is missing from the output"),
    Refusal("einsum", {"equation": "i1->i"}, ((3, 4),), "'i1' is not a term of an equation", "a letter for each dim"),
    Refusal("einsum", {"equation": "...i,...i->..."}, ((3, 4), (2, 4)), "dims (3) and (2) of '...' do not broadcast"),
    Refusal(
        "add",
        {},
        ((1, 128, 28, 28), (1, 64, 56, 56)),
        "add cannot broadcast (1, 128, 28, 28) with (1, 64, 56, 56)",
        PROJECTION + "(1, 64, 56, 56): `conv2d: {out_channels: 128, kernel_size: 1, stride: 2}`",
    ),
    Refusal(
        "add",
        {},
        ((1, 64, 56, 56), (1, 256, 56, 56)),
        "add cannot broadcast (1, 64, 56, 56) with (1, 256, 56, 56)",
        PROJECTION + "(1, 64, 56, 56): `conv2d: {out_channels: 256, kernel_size: 1}`",
    ),
    Refusal(
        "add", {}, ((1, 256, 8, 8), (1, 64, 8, 8)), "add cannot broadcast", "`conv2d: {out_channels: 256, kernel_s"
    ),
    Refusal("add", {}, ((1, 1, 2, 2, 2, 2), (1, 1, 2, 2, 2, 3)), "add cannot broadcast", "shapes are compared"),
    Refusal(
        "add",
        {},
        ((1, 64, 57, 28), (1, 64, 29, 28)),
        "add cannot broadcast",
        PROJECTION + "(1, 64, 57, 28): `conv2d: {out_channels: 64, kernel_size: 1, stride: [2, 1]}`",
    ),
    Refusal(
        "add",
        {},
        ((1, 8, 4, 6, 6), (1, 4, 8, 12, 12)),
        "add cannot broadcast",
        "`conv3d: {out_channels: 8, kernel_size: 1, stride: 2}`",
    ),
    Refusal(
        "add", {}, ((1, 8, 50), (1, 4, 100)), "add cannot broadcast", "`conv1d: {out_channels: 8, kernel_size: 1, s"
    ),
    Refusal(
        "add",
        {},
        ((1, 196, 768), (1, 196, 384)),
        "add cannot broadcast",
        PROJECTION + "(1, 196, 384): `linear: {out_features: 768}`",
    ),
    Refusal("add", {}, ((1, 64, 56, 56), (1, 64, 54, 54)), "add cannot broadcast", "no stride turns one spatial size"),
    Refusal("add", {}, ((1, 64, 56, 30), (1, 64, 28, 60)), "add cannot broadcast", "no stride turns one spatial size"),
    Refusal("add", {}, ((2, 3), (2, 4)), "add cannot broadcast (2, 3) with (2, 4)", "shapes are compared from the"),
    Refusal(
        "add", {}, ((2, 3, 4, 4), (3,)), "add cannot broadcast (2, 3, 4, 4) with (3)", "compared from the last dim"
    ),
    Refusal(
        "mul", {}, ((1, 64, 8, 8), (1, 32, 1, 1)), "mul cannot broadcast", "two sizes must be equal, or one of them 1"
    ),
    Refusal("add", {}, ((2, 3),), "add with one input needs the number 'other'", "`from: [a, b]`"),
    Refusal("div", {}, ((2, 3),), "div with one input needs the number 'other'", "`div: {other: 2}`"),
    Refusal("sub", {"other": 1}, ((2, 3), (2, 3)), "sub takes the number 'other' only with one input, got 2"),
    Refusal("sub", {}, ((2, 3),) * 3, "sub takes 1 to 2 inputs, got 3"),
    Refusal("add", {}, (), "add takes 1 or more inputs, got 0"),
    Refusal(
        "matmul",
        {},
        ((2, 3), (4, 5)),
        "matmul of (2, 3) and (4, 5): the 3 columns of the first do not match the 4 rows of the second",
        "`transpose` one",
    ),
    Refusal(
        "matmul",
        {},
        ((2, 3), (4,)),
        "matmul of (2, 3) and (4): the 3 columns of the first do not match the 4 rows of the second",
    ),
    Refusal("matmul", {}, ((3, 4, 5), (2, 5, 6)), "matmul cannot broadcast the batch dims (3) with (2)"),
    Refusal("matmul", {}, ((3, 4, 5),), "matmul takes 2 inputs, got 1"),
    Refusal("matmul", {}, ((), (3,)), "matmul takes an input of 1 or more dims, got ()"),
    Refusal("mean", {"dim": [1, -1]}, ((2, 3),), "dim 1 is named twice"),
    Refusal("logsumexp", {"dim": []}, ((2, 3),), "logsumexp needs at least one 'dim'"),
    Refusal("max", {"dim": 2}, ((2, 3),), "there is no dim 2"),
    Refusal("cumsum", {"dim": 2}, ((2, 3),), "there is no dim 2"),
    Refusal("var", {"dim": 1}, ((2, 1),), "with a correction of 1, 1 values have no variance"),
    Refusal("var", {"dim": 0}, ((),), "with a correction of 1, 1 values have no variance"),
    Refusal("std", {"correction": 6}, ((2, 3),), "with a correction of 6, 6 values have no variance"),
    Refusal("maximum", {}, ((2, 3),), "maximum takes 2 inputs, got 1"),
    Refusal("minimum", {}, ((2, 3), (2, 4)), "minimum cannot broadcast (2, 3) with (2, 4)", "compared from the last"),
    Refusal("eq", {}, ((2, 3),), "eq with one input needs the number 'other'", "`eq: {other: 2}`"),
    Refusal("lt", {"other": 1}, ((2, 3), (2, 3)), "lt takes the number 'other' only with one input, got 2"),
    Refusal("logical_and", {}, ((2, 3), (2, 4)), "logical_and cannot broadcast (2, 3) with (2, 4)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)
