"""The mirrored icicle as inline SVG without a script: MACs upwards, params downwards, in the order of the run.

Those of a training step are all that it computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import METRICS
from archcost.quantities import format_count, format_exact
from archcost.render.cell_text import cost_share_cell, lower_bound
from archcost.render.page.page_text import safe_text
from archcost.render.wrapping import beginning, text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from archcost.analysis.costs import Costs
    from archcost.render.page.folded_nodes import Folded, FoldedNode

WIDTH = 960
FONTS = "system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif"
_ROW = 22  # height of a level
_MIDDLE = 22  # between the two halves
_EDGE = 18  # for the words above and below
_LETTER = 6.3  # width of a letter
_PADDING = 8  # of a cell, both sides together
_LEAST_LETTERS = 3  # of a name that is cut
_DOWN = "params"
# Light tones that dark letters are read on, in light and dark surroundings; neighbours differ.
_TONES = ("#9fc5e8", "#f6c28b", "#a8d5a2", "#e3b0c8", "#c9bde6", "#f2df8f", "#9fd8d0", "#e8b4a0")
LETTERS = "#1b1f24"
MORE, LESS, SAME = "#f4a582", "#92c5de", "#d9d9d9"  # red and blue that the colour-blind tell apart
_CHANGES = "; red is more, blue is less"
SCHEMES = (
    "<style>.ac-words{fill:#444c56}@media (prefers-color-scheme:dark){.ac-words{fill:#adbac7}}"
    ".ac-cell:hover rect{stroke:#1b1f24;stroke-width:2}</style>"
)


class Look(NamedTuple):
    """How much a picture tells, and whether it is a file of its own, which knows light and dark."""

    levels: int  # of scopes, at most
    least: float  # what is narrower is not drawn
    told: bool = True  # a cell says its figure where the pointer rests
    alone: bool = False


PAGE = Look(levels=4, least=2, told=False)  # where a script draws another one, and printers see this
FILE = Look(levels=6, least=0.5, alone=True)
NOTEBOOK = Look(levels=6, least=0.5)


class _Cell(NamedTuple):
    """A rectangle: its node, and where it is."""

    node: int
    x: float
    y: float
    width: float


class _Half(NamedTuple):
    """One side: its figure, where its first level is, and which way the others go."""

    metric: str
    top: int
    way: int


def icicle(folded: Folded, look: Look, tones: Mapping[int, str] | None = None, title: str = "") -> str:
    """The picture of a model; ``tones`` are colours of nodes, by how they differ from a model before it.

    Cells are as wide as their share of the model's figure, and scopes stand closest to the middle.
    """
    levels = min(max(node.depth for node in folded.nodes) or 1, look.levels)
    side = levels * _ROW
    height = 2 * (side + _EDGE) + _MIDDLE
    colours = {**_tones(folded), **(tones or {})}
    name = safe_text(title or folded.report.name)
    up = folded.work
    whole = folded.nodes[0].costs
    said = ", ".join([_figure(whole, metric, format_exact) for metric in (up, _DOWN)])
    size = f'width="{WIDTH}" height="{height}"' if look.alone else 'width="100%"'
    halves = _Half(up, _EDGE + side - _ROW, -1), _Half(_DOWN, _EDGE + side + _MIDDLE, 1)
    words = (
        (_EDGE - 6, f"{_figure(whole, up, format_count)} ↑"),
        (_EDGE + side + 15, f"{name} · in the order of the run{_CHANGES if tones and title else ''}"),
        (height - 5, f"{_figure(whole, _DOWN, format_count)} ↓"),
    )
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size}',
            f' role="img" font-family="{FONTS}" font-size="11">',
            f"<title>{name}: {said}</title>",
            SCHEMES if look.alone else "",
            '<g class="ac-words"' + ("" if look.alone else ' fill="currentColor"') + ">",
            *[f'<text y="{y}">{text}</text>' for y, text in words],
            f'</g><g fill="{LETTERS}">',
            *[text for half in halves for text in _half(folded, half, levels, look, colours)],
            "</g></svg>",
        ]
    )


def _half(folded: Folded, half: _Half, levels: int, look: Look, colours: Mapping[int, str]) -> Iterator[str]:
    """The cells of one side as SVG."""
    whole = folded.nodes[0].costs
    for cell in _cells(folded, half, levels, look.least):
        node = folded.nodes[cell.node]
        said = f"<title>{safe_text(_said(node, half.metric, whole))}</title>" if look.told else ""
        box = (
            f'<rect x="{_number(cell.x)}" y="{_number(cell.y)}" width="{_number(max(cell.width - 1, look.least / 2))}" '
            f'height="{_ROW - 1}" rx="2" fill="{colours[cell.node]}"/>'
        )
        drawn = said + box + _named(node, cell)
        yield f'<g class="ac-cell">{drawn}</g>' if said else drawn


def _cells(folded: Folded, half: _Half, levels: int, least: float) -> Iterator[_Cell]:
    """The cells of one side that can be seen."""
    whole = getattr(folded.nodes[0].costs, half.metric)
    starts = {0: 0.0}
    if not whole:
        return
    for place, node in enumerate(folded.nodes):
        if not place or node.depth > levels or node.parent not in starts:
            continue
        start = starts[node.parent]
        width = WIDTH * getattr(node.costs, half.metric) / whole
        starts[node.parent] = start + width
        if width >= least:
            starts[place] = start
            yield _Cell(place, start, half.top + half.way * (node.depth - 1) * _ROW, width)


def _named(node: FoldedNode, cell: _Cell) -> str:
    """The name of a cell, or as much of it as there is room for."""
    name = f"{node.name} ×{node.times}" if node.times > 1 else node.name
    letters = int((cell.width - _PADDING) / _LETTER)
    width = text_width(name)
    if letters < min(width, _LEAST_LETTERS):
        return ""
    shown = name if width <= letters else f"{beginning(name, letters - 1)}…"
    return f'<text x="{_number(cell.x + _PADDING / 2)}" y="{_number(cell.y + 15)}">{safe_text(shown)}</text>'


def _figure(costs: Costs, metric: str, spelt: Callable[[int], str]) -> str:
    """A figure with what it is of, as far as it is known."""
    value: int = getattr(costs, metric)
    return f"{lower_bound(spelt(value), value, costs.unknown(metric))} {METRICS[metric].label}"


def _said(node: FoldedNode, metric: str, whole: Costs) -> str:
    """What a cell says where the pointer rests: its path, its kind, its figure and share."""
    times = f" ×{node.times}" if node.times > 1 else ""
    kind = f" ({node.tree.kind})" if node.tree.kind else ""
    figure = f"{_figure(node.costs, metric, format_exact)}, {cost_share_cell(node.costs, whole, metric)}"
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


def _number(value: float) -> str:
    """A coordinate in as few letters as it needs."""
    return f"{value:.1f}".removesuffix(".0")
