"""Values as notebooks show them: headlines, and the icicle as inline SVG; no script, and nothing from anywhere."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from archcost.analysis.memory.study import Study
from archcost.analysis.report import Report
from archcost.comparing import Comparison, SideBySide
from archcost.comparing.naming import labels
from archcost.figures import METRICS, RUN
from archcost.fitting.fit import Fits
from archcost.graph.params import set_params
from archcost.render.cell_text import setting
from archcost.render.page.folded_nodes import Folded
from archcost.render.page.icicle import NOTEBOOK, icicle
from archcost.render.page.notebook_boxes import shown, table_html
from archcost.render.page.page import Page
from archcost.render.page.summary_cards import (
    OnDevice,
    bytes_part,
    cards_of,
    fit_card,
    memory_card,
)
from archcost.render.page.what_runs import about_texts, run_text
from archcost.suggesting.goals import figure_names, figure_text
from archcost.suggesting.suggestion import Suggestions
from archcost.timing.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.render.page.page_data import CardData, CardPartData


@singledispatch
def notebook_html(value: object) -> str:
    """A value of archcost as HTML; raises TypeError for one that has no such form.

    What has no headlines is told as its command tells it. Values of sweeps, whose room needs numpy, are laid out apart.
    """
    from archcost.render.page.notebook_documents import document_html, document_of

    document = document_of(value)
    if document is not None:
        return document_html(document)
    from archcost.render.page.sweep_notebook import swept_html

    return swept_html(value)


@notebook_html.register
def _(value: Page) -> str:
    """The headlines, those of two models before and after, and the picture of the last."""
    last = value.models[-1]
    earlier = value.models[0].cards if len(value.models) > 1 else ()
    about = " → ".join(dict.fromkeys([_about(model.report) for model in value.models]))
    return _figure(value.title, last.cards, last.folded, earlier, value.tones(), about)


@notebook_html.register
def _(value: Report) -> str:
    return _of_report(value, cards_of(value, None))


@notebook_html.register
def _(value: Comparison) -> str:
    return notebook_html(Page((value.before, value.after)))


@notebook_html.register
def _(value: SideBySide) -> str:
    names = labels(value.reports)
    return "".join(
        [_of_report(each, cards_of(each, None), name) for each, name in zip(value.reports, names, strict=True)]
    )


@notebook_html.register
def _(value: Prediction) -> str:
    return _of_report(value.report, cards_of(value.report, OnDevice(value.device, value)))


@notebook_html.register
def _(value: Study) -> str:
    """All that is needed, and with each change that saves some of it."""
    label = METRICS[RUN].label if value.training is None else "memory to train"
    cards = [memory_card(value.run, label)]
    cards += [
        {**bytes_part(change.name, value.run.total - saved), "parts": [_option(change.option)], "state": None}
        for change in value.whatifs
        if (saved := value.peak - change.peak) > 0
    ]
    return _of_report(value.report, cards)


@notebook_html.register
def _(value: Fits) -> str:
    cards = [] if value.is_table else [fit_card(fit) for fit in value.devices]
    cards += [memory_card(each.memory, f"needed: {each.name}") for each in value.variants]
    return _of_report(value.report, cards or [memory_card(value.memory, "needed")])


@notebook_html.register
def _(value: Suggestions) -> str:
    """The figures before and after all that is suggested, and a row a suggestion."""
    names = figure_names(value.before)
    before, after = value.before, value.plan.after
    cards = [_figure_card(name, after.of(name)) for name in names]
    earlier = [_figure_card(name, before.of(name)) for name in names]
    rows = [
        [one.number, one.title, f"{one.path} ×{one.times}" if one.times > 1 else one.path, one.boldness.name.lower()]
        + [figure_text(name, one.saved.of(name)) for name in names]
        for one in value.listed
    ]
    heads = ("", "suggestion", "where", "boldness", *[f"saves {METRICS[name].label}" for name in names])
    return shown(value.report.name, cards, table_html(heads, rows, len(value.found)), earlier)


def _figure_card(metric: str, value: int) -> CardData:
    return {
        "label": METRICS[metric].label,
        "value": figure_text(metric, value),
        "exact": f"{value:,}",
        "parts": [],
        "state": None,
    }


def _option(option: str) -> CardPartData:
    return {"label": option, "value": "", "exact": option}


def _figure(
    title: str,
    cards: Sequence[CardData],
    folded: Folded,
    earlier: Sequence[CardData] = (),
    tones: Mapping[int, str] | None = None,
    about: str = "",
) -> str:
    return shown(title, cards, icicle(folded, NOTEBOOK, tones), earlier, about)


def _of_report(report: Report, cards: Sequence[CardData], name: str = "") -> str:
    return _figure(name or report.name, cards, Folded(report), about=_about(report))


def _about(report: Report) -> str:
    """What its figures are of, and the params that are not at their defaults."""
    changed = " ".join(f"{name}={setting(report.params[name])}" for name in set_params(report.graph))
    return " · ".join(filter(None, [run_text(report), *about_texts(report), changed]))
