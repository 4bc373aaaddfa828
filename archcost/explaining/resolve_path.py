"""From the word on the command line to a layer or a scope, and its explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.tree import build_tree, find
from archcost.errors import UsageError, close_names, suggestion
from archcost.explaining.layer import explain_layer
from archcost.explaining.scope import explain_scope
from archcost.paths import PathPattern, above, last, matching, scopes, unmatched_help
from archcost.phrases import listed

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.explaining.equations import Explanation

_SHOWN = 5  # paths that a word may stand for


def explain_path(report: Report, path: str) -> Explanation:
    """The explanation of the layer or scope at a path; raises UsageError where there is none."""
    found = find_path(report, path)
    for index, layer in enumerate(report.layers):
        if layer.path == found:
            return explain_layer(report, index)
    tree = find(build_tree(report), found)
    assert tree is not None, "find_path knows only paths of the tree"
    return explain_scope(report, tree, found)


def find_path(report: Report, path: str) -> str:
    """The path of a layer or scope; raises UsageError with close names for any other.

    The end of a path is enough where it is that of one alone: ``5x5.conv_relu`` for ``inception_3a.5x5.conv_relu``; so
    is a pattern that stands for one alone.
    """
    known = known_paths(report)
    if path in known:
        return path
    wanted = PathPattern(path)
    found = matching(known, f"**.{path}" if wanted.is_literal else path)
    if len(found) == 1:
        return found[0]
    message = f"{report.name} has no layer or scope '{path}'"
    if not found:
        raise UsageError(message, unmatched_help(known, path) or _hint(path, list(known)))
    shown = listed(found[:_SHOWN], len(found))
    if wanted.is_literal:
        raise UsageError(message, f"that is the end of {shown}")
    raise UsageError(f"'{path}' names {len(found):,} layers and scopes of {report.name}", f"name one of {shown}")


def known_paths(report: Report) -> dict[str, None]:
    """The paths of all layers and of all scopes above them, in order."""
    known: dict[str, None] = {}
    for layer in report.layers:
        known |= dict.fromkeys(reversed([*scopes(layer.path)]))
    return known


def _hint(path: str, known: list[str]) -> str:
    """Close paths; else close names of the last part; else what is at the top."""
    if close_names(path, known):
        return suggestion(path, known, "paths")
    alike = close_names(last(path), sorted({last(candidate) for candidate in known}))
    places = [candidate for candidate in known if last(candidate) in alike][:3]
    if places:
        return "did you mean " + " or ".join(f"'{place}'" for place in places) + "?"
    return "at the top are " + ", ".join([candidate for candidate in known if not above(candidate)][:12])
