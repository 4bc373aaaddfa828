"""Spaces of designs as notebooks show them: headlines, the designs in the plane of two metrics, and a table."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from archcost.render.design_table import histogram_table
from archcost.render.page.notebook_boxes import shown, table_html
from archcost.render.page.scatter import NOTEBOOK, figure_text, scatter
from archcost.render.page.sweep_cards import axis_parts, card, design_cards, exact_text, part, sweep_cards
from archcost.render.page.sweep_page import SweepPage
from archcost.render.page.swept_designs import swept_of, swept_rows
from archcost.render.sweep import DesignsDocument
from archcost.render.sweep_words import metric_label
from archcost.sweeping.answers import Answers, metric_names
from archcost.sweeping.asking import DEFAULT_METRICS, usual_plane
from archcost.sweeping.data import sweep_data
from archcost.sweeping.row_values import DesignRow, rows_of
from archcost.sweeping.space import Space
from archcost.sweeping.sweep import Sweep
from archcost.sweeping.tables import SpaceTables
from archcost.sweeping.values import shown as value_text

if TYPE_CHECKING:
    from archcost.render.page.page_data import CardData, CardPartData
    from archcost.render.page.swept_designs import SweptDesigns
    from archcost.sweeping.exact.counting import Histogram

_LISTED = 12  # rows of a table
_DRAWN = 400  # designs of a space that is not gone through
_GONE_THROUGH = 2_000


@singledispatch
def swept_html(value: object) -> str:
    """A value of a sweep as HTML; raises TypeError for any other."""
    raise TypeError(f"no HTML for {type(value).__name__}")


@swept_html.register
def _(value: Sweep) -> str:
    document = sweep_data(value)
    designs = _designs_of(value)
    below = _histogram(value.histogram) if value.histogram is not None else scatter(designs, NOTEBOOK) + _rows(designs)
    return shown(value.name, sweep_cards(document, designs), below)


@swept_html.register
def _(value: SweepPage) -> str:
    cards = sweep_cards(value.document, value.designs)
    return shown(value.designs.name, cards, scatter(value.designs, NOTEBOOK) + _rows(value.designs))


@swept_html.register
def _(value: DesignsDocument) -> str:
    designs = swept_rows(
        value.space.name or value.space.spec.name, value.space.target_names, value.metrics, value.rows()
    )
    cards = [card("designs", value.number), *design_cards(designs)]
    return shown(designs.name, cards, scatter(designs, NOTEBOOK) + _rows(designs))


@swept_html.register
def _(value: DesignRow) -> str:
    """A design: its figures as headlines, and what the axes set."""
    cards: list[CardData] = [
        {**card(metric_label(name), 0), "value": figure_text(name, each), "exact": exact_text(name, each)}
        for name, each in value.figures.items()
    ]
    told = [[name, value_text(each)] for name, each in value.values.items()]
    return shown("a design", cards, table_html(("param", "value"), told[:_LISTED], len(told)))


@swept_html.register
def _(value: Space) -> str:
    """A space before anything is asked of it: what varies."""
    axes = [(axis.name, axis.values) for axis in value.axes]
    rows = [
        [name, f"{len(values):,}", ", ".join(value_text(one[0] if len(one) == 1 else one) for one in values)]
        for name, values in axes[:_LISTED]
    ]
    settings = card("settings", value.size, axis_parts([(name, len(values)) for name, values in axes]))
    return shown(value.name or value.spec.name, [settings], table_html(("what varies", "values", ""), rows, len(axes)))


@swept_html.register
def _(value: SpaceTables) -> str:
    """The designs of a space: all where they are few, else some that are drawn uniformly."""
    space = value.space
    metrics = [name for name in DEFAULT_METRICS if name in metric_names(value)]
    answers = Answers(value, metrics=metrics)
    few = space.size <= _GONE_THROUGH
    listings = [answers.listing()] if few else [answers.front(usual_plane(metrics)), answers.sample(_DRAWN, 0)]
    rows = [row for each in listings for row in rows_of(each, space, answers.singles) if row.error is None]
    designs = swept_rows(space.name or space.spec.name, space.target_names, metrics, rows)
    parts: list[CardPartData] = [] if few else [part("shown", f"the front, and {_DRAWN:,} drawn uniformly")]
    cards = [card("designs", answers.designs(), parts), *design_cards(designs)]
    return shown(designs.name, cards, scatter(designs, NOTEBOOK) + _rows(designs))


def _designs_of(sweep: Sweep) -> SweptDesigns:
    """The designs of a sweep: of very many the front, and every n-th of all."""
    whole = swept_of({**sweep_data(sweep), "rows": []})
    listing = sweep.listing
    if listing is None or len(listing) <= _GONE_THROUGH:
        return swept_of(sweep_data(sweep))
    few = listing.chosen(slice(None, None, -(-len(listing) // _GONE_THROUGH)))
    front = listing.chosen(~listing.invalid()).front(whole.objectives) if whole.objectives else listing.first(0)
    space, answers = sweep.space, sweep.answers
    rows = [row for part in (front, few) for row in rows_of(part, space, answers.singles, sweep.causes)]
    return swept_rows(whole.name, space.target_names, whole.metrics, rows, whole.objectives, whole.budgets)


def _rows(designs: SweptDesigns) -> str:
    """Designs as a table, those on the front first."""
    front = set(designs.front)
    places = sorted(range(len(designs.designs)), key=lambda place: place not in front)[:_LISTED]
    heads = [*designs.axes, *map(metric_label, designs.metrics), "front"]
    rows = []
    for place in places:
        design = designs.designs[place]
        figures = [
            "–" if each is None else exact_text(name, each)
            for name, each in zip(designs.metrics, design.figures, strict=True)
        ]
        rows.append([*design.at, *figures, "●" if place in front else design.error])
    return table_html(heads, rows, len(designs.designs))


def _histogram(found: Histogram) -> str:
    """How many designs have how much of a metric."""
    table = histogram_table(found)
    most = max(found.counts) or 1
    bars = ["█" * (40 * count // most) or ("▏" if count else "") for count in found.counts]
    columns = [[cell if isinstance(cell, str) else cell.text for cell in column.cells] for column in table.columns[:3]]
    heads = [column.heading for column in table.columns[:3]]
    rows = [list(row) for row in zip(*columns, bars, strict=True)]
    return table_html([*heads, ""], rows, len(found.counts), bars=True)
