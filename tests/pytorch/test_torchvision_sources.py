"""The figures that the zoo takes from torchvision are those of its own weights."""

from __future__ import annotations

import pytest
from torchvision.models import get_weight

from archcost import model_zoo as zoo
from archcost.analysis.sources import SourceKind, Stated, stated_figures
from tests.shared import zoo_report

SEEN = "torchvision 0.29.1, "
FIGURES = {
    f"{name}-{figure.metric}": figure
    for name in zoo.names()
    for figure in stated_figures(zoo_report(name))
    if figure.source.kind is SourceKind.library
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_the_weights_say(name: str) -> None:
    """``num_params`` to the unit, and ``_ops`` as it is printed: billions of multiply-accumulates, to a thousandth."""
    figure: Stated = FIGURES[name]
    assert figure.source.place.startswith(SEEN)
    said = get_weight(figure.source.place.removeprefix(SEEN)).meta
    if figure.metric == "params":
        assert said["num_params"] == figure.stated
    else:
        assert f"{said['_ops']} G" == figure.source.printed


def test_both_figures_of_nearly_every_model_are_there() -> None:
    assert len(FIGURES) > 190
