import pytest

from archcost.ops import REGISTRY
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, figures_of, name

FIGURES = [
    Figures(
        "rnn",
        {"hidden_size": 6},
        ((2, 7, 5),),
        ((2, 7, 6), (1, 2, 6)),
        params=6 * 5 + 6 * 6 + 2 * 6,
        macs=2 * 7 * (6 * 5 + 6 * 6),
        flops=2 * 7 * 6 * (2 + 1 + 5),
    ),
    Figures(
        "rnn",
        {"hidden_size": 6, "nonlinearity": "relu", "bias": False, "batch_first": False},
        ((7, 2, 5),),
        ((7, 2, 6), (1, 2, 6)),
        params=6 * 5 + 6 * 6,
        macs=7 * 2 * (6 * 5 + 6 * 6),
        flops=7 * 2 * 6 * (1 + 1),
    ),
    Figures(
        "lstm",
        {"hidden_size": 6, "num_layers": 2, "bidirectional": True},
        ((2, 7, 5),),
        ((2, 7, 2 * 6), (2 * 2, 2, 6), (2 * 2, 2, 6)),
        params=2 * 4 * 6 * (5 + 6 + 2) + 2 * 4 * 6 * (2 * 6 + 6 + 2),
        macs=2 * 7 * (2 * 4 * 6 * (5 + 6) + 2 * 4 * 6 * (2 * 6 + 6)),
        flops=2 * 7 * 6 * 2 * 2 * (2 * 4 + 4 + 3 * 3 + 2 * 5 + 4),
    ),
    Figures(
        "lstm",
        {"hidden_size": 6, "proj_size": 4},
        ((2, 7, 5), (1, 2, 4), (1, 2, 6)),
        ((2, 7, 4), (1, 2, 4), (1, 2, 6)),
        params=4 * 6 * (5 + 4 + 2) + 4 * 6,
        macs=2 * 7 * (4 * 6 * (5 + 4) + 4 * 6),
        flops=2 * 7 * 6 * (2 * 4 + 4 + 3 * 3 + 2 * 5 + 4),
    ),
    Figures(
        "gru",
        {"hidden_size": 6},
        ((2, 7, 5), (1, 2, 6)),
        ((2, 7, 6), (1, 2, 6)),
        params=3 * 6 * (5 + 6 + 2),
        macs=2 * 7 * 3 * 6 * (5 + 6),
        flops=2 * 7 * 6 * (2 * 3 + 3 + 2 * 3 + 5 + 1 + 4),
    ),
    Figures(
        "rnn_cell",
        {"hidden_size": 6, "nonlinearity": "relu", "bias": False},
        ((2, 5), (2, 6)),
        ((2, 6),),
        params=6 * 5 + 6 * 6,
        macs=2 * (6 * 5 + 6 * 6),
        flops=2 * 6 * (1 + 1),
    ),
    Figures(
        "lstm_cell",
        {"hidden_size": 6},
        ((2, 5),),
        ((2, 6), (2, 6)),
        params=4 * 6 * (5 + 6 + 2),
        macs=2 * 4 * 6 * (5 + 6),
        flops=2 * 6 * (2 * 4 + 4 + 3 * 3 + 2 * 5 + 4),
    ),
    Figures(
        "gru_cell",
        {"hidden_size": 6},
        ((2, 5), (2, 6)),
        ((2, 6),),
        params=3 * 6 * (5 + 6 + 2),
        macs=2 * 3 * 6 * (5 + 6),
        flops=2 * 6 * (2 * 3 + 3 + 2 * 3 + 5 + 1 + 4),
    ),
]

REFUSALS = [
    Refusal("lstm_cell", {"hidden_size": 6}, ((2, 5), (2, 6)), "takes either 1 input or all of input, h, c, got 2"),
    Refusal("gru_cell", {"hidden_size": 6}, ((2, 5), (2, 7)), "h must be (2, 6), got (2, 7)"),
    Refusal("rnn_cell", {"hidden_size": 6}, ((2, 7, 5),), "takes an input of 2 dims (N, features), got (2, 7, 5)"),
    Refusal("lstm", {"hidden_size": 6, "proj_size": 6}, ((2, 7, 5),), "proj_size 6 must be smaller than hidden_size 6"),
    Refusal(
        "lstm", {"hidden_size": 6}, ((2, 7, 5), (1, 2, 6)), "lstm takes either 1 input or all of input, h_0, c_0, got 2"
    ),
    Refusal("gru", {"hidden_size": 6}, ((2, 7, 5), (2, 2, 6)), "h_0 must be (1, 2, 6), got (2, 2, 6)"),
    Refusal("lstm", {"hidden_size": 6}, ((2, 7, 5), (1, 2, 6), (1, 7, 6)), "c_0 must be (1, 2, 6), got (1, 7, 6)"),
    Refusal("rnn", {"hidden_size": 6}, ((7, 5),), "rnn takes an input of 3 dims (N, L, features), got (7, 5)"),
    Refusal("rnn", {"hidden_size": 6}, ((2, 7, 5),) * 3, "rnn takes 1 to 2 inputs, got 3"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


@pytest.mark.parametrize(("layer", "cell"), [("rnn", "rnn_cell"), ("lstm", "lstm_cell"), ("gru", "gru_cell")])
def test_a_cell_is_one_step_of_its_layer(layer: str, cell: str) -> None:
    whole = figures_of(layer, {"hidden_size": 6}, ((3, 7, 5),))
    step = figures_of(cell, {"hidden_size": 6}, ((3, 5),))
    assert (step.params, 7 * step.macs, 7 * step.flops) == (whole.params, whole.macs, whole.flops)


def test_weights_have_the_names_of_torch() -> None:
    lstm = REGISTRY["lstm"](hidden_size=6, num_layers=2, bidirectional=True, proj_size=4)
    weights = lstm.weights(((2, 7, 5),))
    assert weights["weight_ih_l0"] == (4 * 6, 5)
    assert weights["weight_ih_l1_reverse"] == (4 * 6, 2 * 4)
    assert weights["weight_hh_l1"] == (4 * 6, 4)
    assert weights["bias_hh_l0_reverse"] == (4 * 6,)
    assert weights["weight_hr_l1_reverse"] == (4, 6)
    assert len(weights) == 2 * 2 * 5
    assert list(REGISTRY["lstm"](hidden_size=6, bias=False).weights(((2, 7, 5),))) == ["weight_ih_l0", "weight_hh_l0"]


def test_a_bare_reference_means_the_output() -> None:
    assert all(REGISTRY[kind].main_output for kind in ("rnn", "lstm", "gru", "lstm_cell"))
