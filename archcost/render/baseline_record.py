"""What recording a baseline did, in words."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.budget.verdict_figures import LABELS, amount, percent
from archcost.phrases import plural
from archcost.printable import one_line
from archcost.render.exit import write_error
from archcost.render.output import print_line

if TYPE_CHECKING:
    from archcost.budget.ratchet import Done, Increase

_NAMED = 3  # of the specs that are gone


def print_increases(done: Done) -> None:
    """Print to standard error why nothing was recorded, one figure a line, and how to record it."""
    count = plural(len(done.increases), "figure")
    print_line("refused", f"{count} would rise in {done.path}, which stays as it is")
    write_error("".join([f"  {one_line(_increase(increase))}\n" for increase in done.increases]))
    print_line("help", "if intended, add --allow-increase")


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
