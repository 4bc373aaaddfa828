"""A spec with one rewrite at one layer, made by a few replacements in its text: what the rewrites themselves say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import archcost
import archcost.suggesting.rewrites
from archcost.spec.loader import loads
from archcost.suggesting.edits import Attributes, NewSteps
from archcost.suggesting.rewrite import REWRITES
from archcost.suggesting.view import GraphView

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.suggesting.edits import Edit, LocalChange

__all__ = ["REWRITES", "analyzed", "block_of", "body_of", "found", "rewritten"]


def analyzed(text: str) -> Report:
    """The report of a spec that is given as text."""
    return archcost.analyze(loads(text))


def found(report: Report, name: str, path: str) -> LocalChange | None:
    """What a rewrite finds at the layer of a path."""
    view = GraphView(report.graph)
    (index,) = [number for number, node in enumerate(view.nodes) if node.path == path]
    return REWRITES[name].at(view, index)


def body_of(change: LocalChange | None) -> NewSteps:
    """The one body of a change."""
    assert change is not None
    (edit,) = change.edits.values()
    assert isinstance(edit, NewSteps)
    return edit


def block_of(body: NewSteps, given: tuple[str, ...]) -> str:
    """The block that a body becomes, with a param for each attribute that the step gives."""
    params = [f"{name}: " for name in given] + [f'{name}: "{default}"' for name, default in body.params]
    steps = "".join([f"      - {step}\n" for step in body.steps])
    return f"  {body.name}:\n    params: {{{', '.join(params)}}}\n    layers:\n{steps}"


def rewritten(text: str, name: str, path: str = "conv") -> str:
    """The text with a rewrite at the layer of a path, whose step stands on one line with attributes in ``{}``."""
    report = analyzed(text)
    change = found(report, name, path)
    assert change is not None, f"{name} finds nothing at {path}"
    view = GraphView(report.graph)
    ((index, edit),) = change.edits.items()
    line = view.nodes[index].mark.line
    lines = text.splitlines()
    lines[line] = _edited(lines[line], view.kind(index), edit)
    text = "\n".join(lines) + "\n"
    if isinstance(edit, NewSteps):
        block = block_of(edit, view.given(index))
        text = text.replace("blocks:\n", f"blocks:\n{block}", 1) if "\nblocks:\n" in text else f"{text}blocks:\n{block}"
    return text


def _edited(line: str, kind: str, edit: Edit) -> str:
    if isinstance(edit, NewSteps):
        return line.replace(f"{kind}: ", f"{edit.name}: ", 1)
    assert isinstance(edit, Attributes)
    for name, value in edit.changed:
        line, count = re.subn(rf"\b{name}: (\[[^]]*\]|[^,}}]*)", f"{name}: {value}", line)
        line = line if count else line.replace(f"{kind}: {{", f"{kind}: {{{name}: {value}, ", 1)
    return line
