"""The mirrored icicle as inline SVG without a script: MACs upwards, params downwards, in the order of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import METRICS
from archcost.quantities import format_count, format_exact, format_share
from archcost.render.page.page_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archcost.analysis.costs import Costs
    from archcost.render.page.folded_nodes import Folded, FoldedNode

WIDTH = 960
FONTS = "system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif"
_ROW = 22  # height of a level
_MOST_LEVELS = 6
_MIDDLE = 22  # between the two halves
_EDGE = 18  # for the words above and below
_LEAST = 0.5  # what is narrower is not drawn
_LETTER = 6.3  # width of a letter
_PADDING = 8  # of a cell, both sides together
_LEAST_LETTERS = 3  # of a name that is cut
_UP, _DOWN = "macs", "params"
# Light tones that dark letters are read on, in light and dark surroundings; neighbours differ.
_TONES = ("#9fc5e8", "#f6c28b", "#a8d5a2", "#e3b0c8", "#c9bde6", "#f2df8f", "#9fd8d0", "#e8b4a0")
LETTERS = "#1b1f24"
MORE, LESS, SAME = "#f4a582", "#92c5de", "#d9d9d9"  # red and blue that the colour-blind tell apart
_SCHEMES = (
    "<style>.ac-words{fill:#444c56}@media (prefers-color-scheme:dark){.ac-words{fill:#adbac7}}"
    ".ac-cell:hover rect{stroke:#1b1f24;stroke-width:2}</style>"
)


class _Cell(NamedTuple):
    """A rectangle: its node, level, and where it begins and ends."""

    node: int
    level: int
    start: float
    stop: float


def icicle(folded: Folded, *, alone: bool, tones: Mapping[int, str] | None = None) -> str:
    """The picture; ``alone`` is a file of its own, which knows light and dark. ``tones`` are colours of nodes.

    Cells are as wide as their share of the model's figure, and scopes stand closest to the middle.
    """
    deepest = min(max((node.depth for node in folded.nodes), default=1) or 1, _MOST_LEVELS)
    half = deepest * _ROW
    height = 2 * (half + _EDGE) + _MIDDLE
    colours = {**_tones(folded), **(tones or {})}
    name = safe_text(folded.report.name)
    totals = {metric: getattr(folded.nodes[0].costs, metric) for metric in (_UP, _DOWN)}
    said = ", ".join(f"{format_exact(totals[metric])} {METRICS[metric].label}" for metric in (_UP, _DOWN))
    size = f'width="{WIDTH}" height="{height}"' if alone else 'width="100%"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size}',
        f' role="img" font-family="{FONTS}" font-size="11">',
        f"<title>{name}: {said}</title>",
        _SCHEMES if alone else "",
        _words(0, _EDGE - 6, f"{format_count(totals[_UP])} {METRICS[_UP].label} ↑", alone=alone),
        _words(0, _EDGE + half + 15, f"{name} · in the order of the run", alone=alone),
        _words(0, height - 5, f"{format_count(totals[_DOWN])} {METRICS[_DOWN].label} ↓", alone=alone),
    ]
    for metric, top, way in ((_UP, _EDGE + half - _ROW, -1), (_DOWN, _EDGE + half + _MIDDLE, 1)):
        for cell in _cells(folded, metric, deepest):
            y = top + way * cell.level * _ROW
            parts += [_drawn(folded, cell, metric, totals[metric], y, colours)]
    return "".join([*parts, "</svg>"])


def _cells(folded: Folded, metric: str, deepest: int) -> Iterator[_Cell]:
    """The cells of one half that can be seen, level by level from the middle."""
    whole = getattr(folded.nodes[0].costs, metric)
    starts = {0: 0.0}
    if not whole:
        return
    for place, node in enumerate(folded.nodes):
        if not place or node.depth > deepest or node.parent not in starts:
            continue
        start = starts[node.parent]
        width = WIDTH * getattr(node.costs, metric) / whole
        starts[node.parent] = start + width
        if width >= _LEAST:
            starts[place] = start
            yield _Cell(place, node.depth - 1, start, start + width)


def _drawn(folded: Folded, cell: _Cell, metric: str, whole: int, top: float, colours: Mapping[int, str]) -> str:
    node = folded.nodes[cell.node]
    width = cell.stop - cell.start
    name = f"{node.name} ×{node.times}" if node.times > 1 else node.name
    letters = int((width - _PADDING) / _LETTER)
    shown = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters >= _LEAST_LETTERS else ""
    place = f'x="{_number(cell.start + _PADDING / 2)}" y="{_number(top + 15)}"'
    text = f'<text {place} fill="{LETTERS}">{safe_text(shown)}</text>' if shown else ""
    return (
        f'<g class="ac-cell"><title>{safe_text(_said(node, metric, whole))}</title><rect x="{_number(cell.start)}" '
        f'y="{_number(top)}" width="{_number(max(width - 1, _LEAST))}" height="{_ROW - 1}" rx="2" '
        f'fill="{colours[cell.node]}"/>{text}</g>'
    )


def _said(node: FoldedNode, metric: str, whole: int) -> str:
    """What a cell says where the pointer rests: its path, its kind, its figure and share."""
    costs: Costs = node.costs
    value = getattr(costs, metric)
    times = f" ×{node.times}" if node.times > 1 else ""
    kind = f" ({node.tree.kind})" if node.tree.kind else ""
    figure = f"{format_exact(value)} {METRICS[metric].label}, {format_share(value, whole)}"
    return f"{node.tree.path}{times}{kind}: {figure}"


def _tones(folded: Folded) -> dict[int, str]:
    """A tone for each step at the top, which all below it share."""
    found: dict[int, str] = {}
    tops = 0
    for place, node in enumerate(folded.nodes):
        if node.depth <= 1:
            found[place] = _TONES[tops % len(_TONES)]
            tops += node.depth
        else:
            found[place] = found[node.parent]
    return found


def _words(x: float, y: float, text: str, *, alone: bool) -> str:
    paint = 'class="ac-words"' if alone else 'class="ac-words" fill="currentColor"'
    return f'<text x="{_number(x)}" y="{_number(y)}" {paint}>{text}</text>'


def _number(value: float) -> str:
    """A coordinate in as few letters as it needs."""
    return f"{value:.1f}".removesuffix(".0")
