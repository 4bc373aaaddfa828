"""What recording a baseline did, in words."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.errors import COLOUR, PLAIN
from archcost.render.console import wants_colour
from archcost.render.verdict_figures import LABELS, amount, one_line, percent, plural

if TYPE_CHECKING:
    from archcost.budget.ratchet import Done, Increase

_NAMED = 3  # of the specs that are gone


def increase_lines(done: Done) -> list[str]:
    """Why nothing was recorded, a figure a line, and what would record it."""
    style = COLOUR if wants_colour(sys.stderr) else PLAIN
    count = plural(len(done.increases), "figure")
    head = f"{style['error']}refused{style['reset']}: {count} would rise in {done.path}, which stays as it is"
    lines = [head, *(f"  {one_line(_increase(increase))}" for increase in done.increases)]
    return [*lines, f"{style['help']}help{style['reset']}: if that is meant, add --allow-increase"]


def _increase(increase: Increase) -> str:
    of = f" of {increase.path}" if increase.path else ""
    growth = increase.after - increase.before
    share = f" ({percent(Fraction(growth, increase.before))})" if increase.before else ""
    metric = increase.metric
    ends = f"{amount(increase.before, metric)} → {amount(increase.after, metric)}"
    return f"{increase.name}: {LABELS[metric]}{of} {ends}, +{amount(growth, metric)}{share}"


def recorded_line(done: Done) -> str:
    """``recorded 3 specs in archcost.lock.json: 1 new, 1 changed, 1 the same``, and what is gone."""
    total = len(done.new) + len(done.changed) + len(done.same)
    parts = [f"{len(keys):,} {word}" for keys, word in ((done.new, "new"), (done.changed, "changed")) if keys]
    parts += [f"{len(done.same):,} the same"] if done.same else []
    names = ", ".join(done.gone[:_NAMED]) + ", …" * (len(done.gone) > _NAMED)
    parts += [f"{len(done.gone):,} gone ({names})"] if done.gone else []
    verb = "recorded" if done.written else "nothing to record:"
    allowed = f"; {plural(len(done.increases), 'increase')} allowed" if done.increases else ""
    return one_line(f"{verb} {plural(total, 'spec')} in {done.path}: {', '.join(parts)}{allowed}")
