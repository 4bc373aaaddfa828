"""What a spec says that may not be meant: each once, in the order of the text, and no more than people would read."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from archcost.errors import WARNING, Diagnostic, cut
from archcost.graph.unread import channels_last, unread_inputs, unread_steps
from archcost.spec.problems import MAX_PROBLEMS, in_order
from archcost.spec.unused import unused_params

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.graph.model import Graph
    from archcost.spec.model import Spec


def warnings_of(graph: Graph) -> tuple[Diagnostic, ...]:
    """The warnings of a spec under settings: its text, and the layers that it has under them."""
    spec = graph.spec
    return _bounded(chain(unused_params(spec), channels_last(graph), unread_inputs(graph), unread_steps(graph)), spec)


def text_warnings(spec: Spec) -> tuple[Diagnostic, ...]:
    """The warnings of a spec's text alone, as of a file that holds only blocks."""
    return _bounded(unused_params(spec), spec)


def _bounded(found: Iterable[Diagnostic], spec: Spec) -> tuple[Diagnostic, ...]:
    some = list(islice(found, MAX_PROBLEMS + 1))
    more = len(some) > MAX_PROBLEMS
    told = [cut(one) for one in in_order(some[:MAX_PROBLEMS], spec.text_source)]
    if more:
        message = f"there are more than {MAX_PROBLEMS} warnings: the rest is not shown"
        told.append(Diagnostic(message, severity=WARNING))
    return tuple(told)
