"""The cover of the zoo is closed: whatever structure and family the zoo has is in it, and none gets lost unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost import model_zoo as zoo
from tests.conventions import networks
from tests.cover import (
    FEW,
    FEWER,
    LISTED,
    Structure,
    classes_of,
    cover_kinds,
    cover_report,
    covering,
    structural_classes,
    zoo_cover,
    zoo_few,
    zoo_structures,
)
from tests.ops.cases import CASES
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_cover_is_as_it_is_listed(golden: Callable[[str, str], None]) -> None:
    few = covering(cover_kinds())
    lines = [f"{name} {FEW}\n" if name in few else f"{name}\n" for name in covering(zoo_structures())]
    golden(LISTED.name, "".join(lines))


LONG_MODELS_HAVE = {
    *("avg_pool3d", "clamp", "cos", "einsum", "elu", "functional_conv2d", "leaky_relu", "max_pool3d", "mish"),
    *("relative_position_bias", "roll", "sin", "window_partition", "window_reverse"),
}


def test_few_models_have_nearly_every_kind_of_op_of_the_zoo() -> None:
    """The others, of long models alone, are tested in single layers, and here under --all."""
    kinds = {layer.op for name in zoo.names() for layer in zoo_report(name).layers}
    assert kinds - {layer.op for name in zoo_few() for layer in cover_report(name).layers} == LONG_MODELS_HAVE
    assert {case.kind for case in CASES} >= LONG_MODELS_HAVE


@pytest.mark.parametrize("name", FEWER)
def test_a_model_with_fewer_layers_has_all_classes(name: str) -> None:
    graph = cover_report(name).graph
    assert structural_classes(graph) == structural_classes(zoo_report(name).graph)
    assert len(graph.nodes) < len(zoo_report(name).graph.nodes)
    assert networks.torchvision_name(cover_report(name)) == ""  # which the tools would see instead


def test_every_class_of_the_zoo_is_in_the_cover() -> None:
    covered = frozenset().union(*[structural_classes(cover_report(name).graph) for name in zoo_cover()])
    missing = {name: sorted(structural_classes(zoo_report(name).graph) - covered) for name in zoo.names()}
    assert {name: classes for name, classes in missing.items() if classes} == {}


def test_every_family_of_the_zoo_is_in_the_cover() -> None:
    families = {name: archcost.load(name).family for name in zoo.names()}
    assert {families[name] for name in zoo_cover()} == set(families.values())


def test_without_any_of_its_models_the_cover_loses_a_class() -> None:
    models, names = zoo_structures(), zoo_cover()
    every = classes_of(models)
    assert [name for name in names if classes_of(models, set(names) - {name}) == every] == []


def test_no_class_of_the_zoo_gets_lost(golden: Callable[[str, str], None]) -> None:
    """A class that a change of the zoo takes away is a line less in this file, a new one a line more."""
    golden("cover.txt", "".join(f"{name}\n" for name in sorted(classes_of(zoo_structures(), zoo_cover()))))


def test_the_cover_is_a_third_of_the_zoo() -> None:
    models = zoo_structures()
    assert 3 * sum(models[name].cost for name in zoo_cover()) < sum(model.cost for model in models.values())


def test_the_cheapest_for_what_is_new_are_chosen_and_none_in_vain() -> None:
    models = {
        "a": Structure(frozenset("xyz"), 30),  # 3 / 30
        "b": Structure(frozenset("xy"), 10),  # 2 / 10: first
        "c": Structure(frozenset("z"), 20),  # 1 / 20, as much as a: 1 / 30 is less
        "d": Structure(frozenset("x"), 4),  # 1 / 4: before b, and in vain after it
    }
    assert covering(models) == ("b", "c")
