"""A verdict as workflow commands of GitHub Actions: annotations on the lines to edit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.budget.verdict_sentences import summary
from archcost.budget.verdict_words import Status
from archcost.phrases import plural
from archcost.printable import one_line, visible
from archcost.render.finding_locations import located
from archcost.render.verdict_text import TOLD, full_text, left_out, ordered, title

if TYPE_CHECKING:
    from archcost.budget.verdict import Verdict
    from archcost.errors import Mark

MAX_ANNOTATIONS = 10  # more of a kind are not shown by the host
_LINE_ENDS = {"\r": "%0D", "\n": "%0A"}
_KINDS = {Status.FAIL: "error", Status.WARN: "warning", Status.INCONCLUSIVE: "warning", Status.STALE: "warning"}


def to_github(verdict: Verdict) -> str:
    """At most MAX_ANNOTATIONS annotations, the gravest first, and the sum as a plain line."""
    lines, counts = [], []
    for diagnostic in verdict.all_diagnostics():
        text = "\n".join([diagnostic.message, *diagnostic.notes, *([diagnostic.help] if diagnostic.help else [])])
        lines.append(command("error", diagnostic.mark, "archcost cannot judge this", text))
        counts.append(1)
    for finding in ordered(verdict, *TOLD):
        text = full_text(finding, verdict=verdict)
        lines.append(command(_KINDS.get(finding.status, "notice"), finding.mark, title(finding), text))
        counts.append(finding.count)
    more = sum(counts[MAX_ANNOTATIONS:])
    lines = lines[:MAX_ANNOTATIONS]
    if more > 0:
        lines.append(f"archcost: {plural(more, 'more finding')} in the summary")
    if verdict.left_out:
        lines.append(f"archcost: left out: {one_line(left_out(verdict))}")
    return "\n".join([*lines, f"archcost: {one_line(summary(verdict))}"]) + "\n"


def command(kind: str, mark: Mark | None, title: str, message: str) -> str:
    """``::error file=…,line=…,col=…,title=…::message``, escaped as the host asks."""
    properties = {"title": title}
    if mark is not None:
        path, line, column = located(mark, "")
        properties = {"file": path, "line": str(line), "col": str(column), **properties}
    shown = ",".join(f"{name}={escape_property(value)}" for name, value in properties.items())
    return f"::{kind} {shown}::{escape_data(message)}"


def escape_data(text: str) -> str:
    """A message: its lines visible, percent signs and line ends escaped."""
    pieces = re.split("([\r\n])", text)
    return "".join([_LINE_ENDS.get(piece) or visible(piece).replace("%", "%25") for piece in pieces])


def escape_property(text: str) -> str:
    """A property's value: colons and commas as well."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")
