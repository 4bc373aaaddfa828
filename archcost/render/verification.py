"""Verifications in every format: tables, Markdown, JSON and JUnit, with every mismatch in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.data import error_document
from archcost.render.console import buffered_console
from archcost.render.output import print_diagnostics, write_text
from archcost.render.verification_junit import to_junit
from archcost.render.verification_markdown import summary_markdown, to_markdown
from archcost.render.verification_table import print_verifications
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.verification_rows import Outcome


def write_verifications(outcomes: Sequence[Outcome], format: str, path: str | None, depth: int | None = None) -> None:  # noqa: A002
    """Print verifications in the format asked for; problems go to standard error (and into the JSON)."""
    detailed = len(outcomes) == 1 or depth is not None
    if format == "table":
        console, buffer = buffered_console(path)
        print_verifications(console, outcomes, detailed=detailed, depth=depth)
        write_text(buffer.getvalue(), path, format)
    elif format == "json":
        documents = [
            outcome.verification.to_dict()
            if outcome.verification is not None
            else error_document(outcome.diagnostics, None, outcome.name)
            for outcome in outcomes
        ]
        write_text(json_text(documents[0] if len(documents) == 1 else documents), path, format)
    elif format == "junit":
        write_text(to_junit(outcomes), path, format)
    else:
        parts = [to_markdown(each, depth) for each in outcomes] if detailed else [summary_markdown(outcomes)]
        write_text("\n".join(parts), path, format)
    print_diagnostics([diagnostic for outcome in outcomes for diagnostic in outcome.diagnostics])
