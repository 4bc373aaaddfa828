"""What the language tests share: from the text of a spec to the paths and shapes that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.report import analyze
from archcost.settings import Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from archcost.analysis.report import Report

Shape = tuple[int, ...]
HEAD = "archcost: 1\ninput: [8, 4, 4]\n"
KEPT = (1, 8, 4, 4)  # the shape of HEAD's input, which most ops keep


def report(text: str, **settings: Any) -> Report:
    """The report of a spec; one without a version gets HEAD in front."""
    return analyze(loads(text if "archcost: 1" in text else HEAD + text), Settings(**settings))


def shapes(text: str, **settings: Any) -> dict[str, Shape]:
    """Path to shape of every layer's first output."""
    return {layer.path: layer.output[0] for layer in report(text, **settings).layers}


def paths(text: str, **settings: Any) -> str:
    """The paths of all layers, in order, as one line."""
    return " ".join(shapes(text, **settings))


def reads(text: str, **settings: Any) -> dict[str, str]:
    """Path to the names of what a layer reads, as one line each."""
    return {layer.path: " ".join(layer.inputs) for layer in report(text, **settings).layers}


def outputs(text: str, **settings: Any) -> dict[str, Shape]:
    """The model's outputs by path."""
    return report(text, **settings).outputs
