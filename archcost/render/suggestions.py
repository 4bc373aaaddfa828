"""Suggestions as a document: a row for each, the best ones in full, and what they leave together."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import BYTES, COUNT, METRICS, OPERATIONS, TIME
from archcost.quantities import format_share
from archcost.render.comparison_cells import signed
from archcost.render.document import Cell, Column, Field, Gap, Heading, Line, Records, Table, branches_of
from archcost.render.report import title_details
from archcost.render.suggestion_words import (
    DASH,
    alternatives_text,
    figures_text,
    keeps_text,
    looked_text,
    mild_text,
    names_from,
    nothing_text,
    remarks_text,
    saved_text,
    small_text,
    target_text,
    time_text,
)
from archcost.suggesting.data import suggestions_data
from archcost.suggesting.goals import figure_names, figure_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.render.document import Block, TreeLine
    from archcost.suggesting.goals import Saved
    from archcost.suggesting.suggestion import Suggestion, Suggestions

_IN_FULL = 3  # suggestions, where nobody asks for others
_COLOURS = {"exact": "green", "gentle": "yellow", "bold": "red"}
_RECORDS = ("number", "rewrite", "title", "path", "places", "boldness")


class SuggestionsDocument(NamedTuple):
    """What would make a model cheaper.

    ``command`` is the command line that asked, without what is to be done with it; ``in_full`` the numbers of the
    suggestions that are wanted in full, None for the best.
    """

    found: Suggestions
    command: str
    in_full: Sequence[str] | None = None

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The figures now, a row a suggestion, some of them in full, and all together."""
        del most  # the list has as many as were asked for
        found = self.found
        yield Heading(found.report.name, title_details(found.report))
        yield Line(figures_text(found), indent=2)
        if found.goal.device is not None:
            yield Line(time_text(found), style="dim")
        if not found.found:
            yield Line(nothing_text(found))
        else:
            if found.target is not None:
                yield Line(target_text(found), style="green" if found.reached else "red")
            if self._rows():
                yield _table(found, self._rows())
            yield from self._left_out()
            yield from self._together()
            for one in self._detailed():
                yield Gap()
                yield from _in_full(one, self.command)
        told = bool(found.found and self._detailed())
        if told and (found.looked.small or found.already or not found.looked.whole):
            yield Gap()
        if found.looked.small:
            yield Line(small_text(found), style="dim")
        for there in found.already:
            yield Line(f"already there: {there.words}", style="dim")
        if not found.looked.whole:
            yield Line(looked_text(found), style="dim")

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row a suggestion: what is saved of each figure, and what is left."""
        names = figure_names(self.found.before)
        headings = (*_RECORDS, *[f"saved_{name}" for name in names], *names)
        return Records(headings, [_record(one, names) for one in self._rows()])

    def data(self) -> object:
        """What programs read."""
        return suggestions_data(self.found)

    def _rows(self) -> Sequence[Suggestion]:
        """Those that come to the target, or the best."""
        found = self.found
        return found.listed if found.target is None else found.plan.suggestions

    def _detailed(self) -> list[Suggestion]:
        if self.in_full is not None:
            return list(map(self.found.numbered, self.in_full))
        return list(self._rows()[:_IN_FULL])

    def _left_out(self) -> Iterator[Line]:
        found = self.found
        more = len(found.found) - len(found.listed)
        if found.target is None and more > 0:
            yield Line(f"{len(found.listed)} of {len(found.found)}: `--top {len(found.found)}` shows all", style="dim")
        for one in found.plan.left_out:
            yield Line(f"{one.number} does not go with the others, and is left out of them", style="dim")

    def _together(self) -> Iterator[Block]:
        found, plan = self.found, self.found.plan
        chosen = found.target is not None or found.taken == found.found
        if not chosen:
            yield Line(mild_text(found, self.command), style="dim")
        if plan.suggestions:
            yield _after_table(found, "together" if len(plan.suggestions) > 1 else "with it")
            yield Line(f"`{self.command} --apply all -o FILE.yaml` writes the spec", style="dim")


def _after_table(found: Suggestions, heading: str) -> Table:
    """Every figure of the model as it is and with what is taken, that of the goal first."""
    names = names_from(found.goal.metric, found.before)
    before, after = found.before, found.plan.after
    return Table(
        [
            Column(heading, [METRICS[name].label for name in names]),
            Column("now", [_cell(name, before.of(name)) for name in names], right=True, rounded=True),
            Column("then", [_cell(name, after.of(name)) for name in names], right=True, rounded=True),
            Column("", [_change(name, before, after) for name in names], right=True, rounded=True),
            Column("left", [format_share(after.of(name), before.of(name)) for name in names], right=True),
        ]
    )


def _cell(metric: str, value: int) -> Cell:
    text = figure_text(metric, value)
    exact = f"{value:,}" if METRICS[metric].unit in (COUNT, OPERATIONS) else text
    return Cell(exact, text, amount=value, binary=METRICS[metric].unit == BYTES)


def _table(found: Suggestions, rows: Sequence[Suggestion]) -> Table:
    """The goal's figure first, with its share of the model and what is left; then what the others become."""
    goal = found.goal.metric
    others = [name for name in figure_names(found.before) if name != goal]
    now = found.before.of(goal)
    further = [
        Column(METRICS[name].heading, [_delta(one, name) for one in rows], right=True, rounded=True, leaves=2 + place)
        for place, name in enumerate(reversed(others))
    ]
    columns = [
        Column("", [Cell(one.number, strong=True) for one in rows], right=True),
        Column("suggestion", [one.title for one in rows]),
        Column("where", [_where(one) for one in rows], flexible=True, paths=True),
        Column("boldness", [_bold(one) for one in rows], leaves=9),
        Column(METRICS[goal].heading, [_delta(one, goal) for one in rows], right=True, rounded=True),
        Column("of all", [format_share(one.saves, now) for one in rows], right=True, leaves=8),
        *further,
        *([_left(found, rows)] if found.target is not None else []),
    ]
    return Table(columns)


def _left(found: Suggestions, rows: Sequence[Suggestion]) -> Column:
    """What is left of the goal's figure behind each row; behind the last what all leave together."""
    goal = found.goal.metric
    left = [found.before.of(goal) - saved for saved in accumulate(one.saves for one in rows)]
    left[-1:] = [found.plan.after.of(goal)] if left else []
    return Column("left", [figure_text(goal, one) for one in left], right=True)


def _where(one: Suggestion) -> str:
    return f"{one.path} ×{one.times}" if one.times > 1 else one.path


def _bold(one: Suggestion) -> Cell:
    word = one.boldness.name.lower()
    return Cell(word, style=_COLOURS[word])


def _delta(one: Suggestion, metric: str) -> Cell:
    """How a suggestion changes a figure."""
    return _change(metric, one.before, one.after)


def _change(metric: str, before: Saved, after: Saved) -> Cell:
    """How a figure changes, with its sign: less of it is blue, more is red."""
    change = after.of(metric) - before.of(metric)
    if not change:
        return Cell(DASH, style="dim")
    text = ("−" if change < 0 else "+") + figure_text(metric, abs(change))
    exact = signed(change, metric, exact=True) if METRICS[metric].unit != TIME else text
    style = "bright_blue" if change < 0 else "red"
    return Cell(exact, text, style=style, amount=change, binary=METRICS[metric].unit == BYTES)


def _in_full(one: Suggestion, command: str) -> Iterator[Block]:
    """What it does, what stays, what it takes, where it was shown, and how to have it."""
    rewrite = one.rewrite
    yield Heading(f"{one.number}  {one.words}", one.site.note)
    yield Field("does", rewrite.does)
    yield Field("saves", saved_text(one))
    yield Field("keeps", keeps_text(one))
    yield Field("training", rewrite.boldness.value)
    yield Field("paper", rewrite.paper)
    yield Field("accuracy", rewrite.accuracy or "none is reported for this change alone")
    if one.alternatives:
        yield Field("or", alternatives_text(one))
    if one.trial.remarks:
        yield Field("written", remarks_text(one.trial.remarks))
    yield Field("apply", f"{command} --apply {one.number} -o FILE.yaml")


def _record(one: Suggestion, names: Sequence[str]) -> list[object]:
    head: list[object] = [one.number, one.rewrite.name, one.title, one.path, one.times, one.boldness.name.lower()]
    return [*head, *[one.saved.of(name) for name in names], *[one.after.of(name) for name in names]]
