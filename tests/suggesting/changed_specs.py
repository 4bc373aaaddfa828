"""What a rewrite makes of a spec: its places as suggestions, and the changed spec, analysed and built in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import archcost
import archcost.suggesting.rewrites
from archcost.graph.unroll import unroll
from archcost.model_zoo import path_of
from archcost.settings import Settings
from archcost.spec.loader import load, reads
from archcost.spec.unused import unused_params
from archcost.suggesting.grounds import BaseText, grounded
from archcost.suggesting.places import JointChange, grouped
from archcost.suggesting.rewrite import REWRITES
from archcost.suggesting.rewriting import Rewritten, rewritten
from archcost.suggesting.view import GraphView
from tests.pytorch.support import document

if TYPE_CHECKING:
    from archcost.spec.model import Spec


def ground_of(spec: Spec | dict[str, Any] | str, **params: Any) -> BaseText:
    """A spec, the parts of one, or the name of one of the zoo, as a text to change, under params."""
    read = document(spec) if isinstance(spec, dict) else load(path_of(spec)) if isinstance(spec, str) else spec
    return grounded(unroll(read, Settings(params=params)))


def places(ground: BaseText, rewrite: str) -> list[JointChange]:
    """All suggestions of a rewrite."""
    view, kind = GraphView(ground.graph), REWRITES[rewrite]
    found = [kind.at(view, index) for index in range(len(view.nodes))]
    return grouped(ground.uses, kind, [change for change in found if change is not None])


def changed(ground: BaseText, *rewrites: str) -> Rewritten:
    """A spec with all suggestions of some rewrites; each must have at least one."""
    found = [places(ground, rewrite) for rewrite in rewrites]
    assert all(found), rewrites
    return rewritten(ground, [one for each in found for one in each])


def already(ground: BaseText, rewrite: str) -> set[str]:
    """What is said to be there already of a rewrite."""
    view = GraphView(ground.graph)
    return {REWRITES[rewrite].already(view, index) for index in range(len(view.nodes))} - {""}


def is_built(made: Rewritten) -> bool:
    """Whether PyTorch builds the changed spec with the shapes, params and MACs that archcost says, without warnings."""
    assert not list(unused_params(made.report.graph.spec))
    return archcost.verify(reads(made.text, name="changed.yaml", folder=".", is_made=True)).ok
