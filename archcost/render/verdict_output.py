"""Where a verdict goes: standard output or a file, further files, and the step summary of GitHub Actions."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from archcost.errors import COLOUR, PLAIN, UsageError
from archcost.render.exit import PIPED_WIDTH, terminal_width, wants_colour, write_file
from archcost.render.formats import BADGE, CONCISE, FULL, OF_VERDICTS
from archcost.render.formats import FORMATS as OF_DOCUMENTS
from archcost.render.output import print_diagnostics, print_line, print_warnings, write_text
from archcost.render.printing import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.budget.verdict import Verdict

OWN_FORMATS = (*OF_VERDICTS, "markdown")  # markdown is a comment, and knows the room of its host
FORMATS = (*OWN_FORMATS, *[name for name in OF_DOCUMENTS if name not in OWN_FORMATS])


def write_verdict(
    verdict: Verdict,
    format: str,  # noqa: A002 - as the option
    path: str | None,
    exports: Mapping[str, str],
    *,
    quiet: bool = False,
) -> None:
    """Print a verdict, and write it to files by format; problems go to standard error. ``quiet`` is of the full report.

    Every output that can be written is, before UsageError is raised for one that cannot.
    """
    failed: UsageError | None = None
    print_warnings([warning for spec in verdict.specs for warning in spec.warnings])
    if format != CONCISE:  # which has them in its own lines
        print_diagnostics(verdict.all_diagnostics())
    for kind, target in exports.items():
        try:
            write_text(render(verdict, kind, target), target, kind)
        except UsageError as error:
            failed = failed or error
    write_step_summary(verdict)
    try:
        write_text(render(verdict, format, path, quiet=quiet), path, format)
    except UsageError as error:
        failed = failed or error
    if failed is not None:
        raise failed


def render(verdict: Verdict, format: str, path: str | None = "", *, quiet: bool = False) -> str:  # noqa: A002 - as the option
    """The verdict as text; colour and width are those of standard output if it goes there, which is path None."""
    if format not in (*OWN_FORMATS, BADGE):
        from archcost.render.verdict import VerdictDocument

        return "".join(text_of(VerdictDocument(verdict), format, path))
    if format == FULL:
        from archcost.render.verdict_full import to_full

        to_terminal = path is None
        coloured = to_terminal and wants_colour(sys.stdout)
        width = terminal_width(sys.stdout) if to_terminal else PIPED_WIDTH
        return to_full(verdict, width, COLOUR if coloured else PLAIN, quiet=quiet)
    module = import_module(f"archcost.render.verdict_{FULL if format == CONCISE else format}")
    text: str = getattr(module, f"to_{format}")(verdict)
    return text


def in_github_actions() -> bool:
    """Whether this runs as a step of a workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def write_step_summary(verdict: Verdict) -> None:
    """Append the Markdown to the step's summary, in what room it has left; a file that cannot be written is told."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or not in_github_actions():
        return
    from archcost.render.verdict_markdown import MAX_SUMMARY, to_markdown

    try:
        used = os.path.getsize(path) if os.path.exists(path) else 0
        room = MAX_SUMMARY - used - 1
        if room <= 0:
            return
        write_file(to_markdown(verdict, room), path, "markdown", append=True)
    except (OSError, UsageError) as error:
        print_line("warning", f"cannot write the step summary: {error}")
