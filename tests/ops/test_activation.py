import pytest

from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

SHAPE = (2, 6, 5, 4)
COUNT = 2 * 6 * 5 * 4

COSTS = {
    "relu": 1,  # comparison
    "relu6": 1 + 1,
    "hardtanh": 1 + 1,
    "leaky_relu": 1 + 1,  # comparison, product
    "rrelu": 1 + 1,
    "hardshrink": 1 + 1,
    "softshrink": 1 + 1 + 1,
    "elu": 1 + 1 + 1 + 1,  # comparison, exponential, difference, product
    "selu": 4 + 1,
    "celu": 4 + 1,
    "sigmoid": 1 + 1 + 1,  # exponential, sum, quotient
    "log_sigmoid": 1 + 1 + 1,
    "hardsigmoid": 1 + 1 + 1 + 1,
    "silu": 3 + 1,
    "hardswish": 4 + 1,
    "softplus": 1 + 1 + 1 + 1 + 1 + 1,  # product, exponential, sum, logarithm, quotient, comparison
    "mish": 3 + 5 + 1,  # softplus without β, tanh, product
    "softsign": 1 + 1 + 1,
    "tanh": 2 + 1 + 1 + 1,  # two exponentials, difference, sum, quotient
    "tanhshrink": 5 + 1,
    "gelu": 4 + 1 + 1 + 1 + 1,  # erf, quotient, sum, two products
    "identity": 0,
    "dropout": 0,
    "alpha_dropout": 0,
    "dropout2d": 0,
    "softmax2d": 1 + 1 + 1,
}

FIGURES = [
    *[Figures(kind, {}, (SHAPE,), (SHAPE,), flops=cost * COUNT) for kind, cost in COSTS.items()],
    Figures("gelu", {"approximate": "tanh"}, (SHAPE,), (SHAPE,), flops=(8 + 5) * COUNT),
    Figures("threshold", {"threshold": 0, "value": 1}, (SHAPE,), (SHAPE,), flops=COUNT),
    Figures("prelu", {}, (SHAPE,), (SHAPE,), params=1, flops=2 * COUNT),
    Figures("prelu", {"num_parameters": 6}, (SHAPE,), (SHAPE,), params=6, flops=2 * COUNT),
    Figures("stochastic_depth", {"p": 0.1, "mode": "row"}, (SHAPE,), (SHAPE,)),
    Figures("prelu", {}, ((7,),), ((7,),), params=1, flops=2 * 7),
    Figures("dropout1d", {"p": 1}, ((2, 3, 4),), ((2, 3, 4),)),
    Figures("dropout3d", {}, ((1, 2, 3, 4, 5),), ((1, 2, 3, 4, 5),)),
    Figures("relu", {}, ((),), ((),), flops=1),
    Figures("softmax", {"dim": -1}, (SHAPE,), (SHAPE,), flops=3 * COUNT),
    Figures("softmin", {"dim": 1}, (SHAPE,), (SHAPE,), flops=3 * COUNT),
    Figures("log_softmax", {"dim": 1}, (SHAPE,), (SHAPE,), flops=3 * COUNT),
    Figures("glu", {}, (SHAPE,), ((2, 6, 5, 2),), flops=4 * COUNT // 2),
    Figures("glu", {}, ((8,),), ((4,),), flops=4 * 4),
    Figures("glu", {"dim": 1}, (SHAPE,), ((2, 3, 5, 4),), flops=4 * COUNT // 2),
]

REFUSALS = [
    Refusal("prelu", {"num_parameters": 3}, (SHAPE,), "num_parameters must be 1 or the 6 channels of the input, got 3"),
    Refusal("prelu", {"num_parameters": 3}, ((3,),), "num_parameters must be 1 or the 1 channels"),
    Refusal("hardtanh", {"min_val": 1, "max_val": 1}, (SHAPE,), "min_val 1.0 is not below max_val 1.0"),
    Refusal("rrelu", {"lower": 2, "upper": 1}, (SHAPE,), "lower 2.0 is above upper 1.0"),
    Refusal("celu", {"alpha": 0}, (SHAPE,), "alpha must not be 0"),
    Refusal("softplus", {"beta": 0}, (SHAPE,), "beta must not be 0"),
    Refusal("glu", {"dim": 2}, (SHAPE,), "dim 2 has the odd size 5 and cannot be divided into halves"),
    Refusal("softmax", {"dim": 4}, (SHAPE,), "there is no dim 4 in an input of 4 dims", "or from -4 to -1"),
    Refusal("softmax2d", {}, ((2, 3),), "takes an input of 3 to 4 dims"),
    Refusal("dropout2d", {}, ((2, 3),), "dropout2d takes an input of 3 to 4 dims (N, C, H, W) or (C, H, W)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)
