"""``schema``: the JSON Schemas of what archcost reads and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.budget.schema import verdict_schema
from archcost.commands.options import Output, one_of
from archcost.render.schemas import DOCUMENTS, document_schema
from archcost.spec.schema import spec_schema

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITTEN: dict[str, Callable[[], dict[str, Any]]] = {  # those that are made from no document's type
    "spec": spec_schema,
    "verdict": verdict_schema,
}
NAMES = (*_WRITTEN, *DOCUMENTS)


def schema(
    name: Annotated[str, typer.Argument(parser=one_of(NAMES), metavar="NAME", help=f"One of {', '.join(NAMES)}.")],
    output: Output = None,
) -> None:
    """Print the JSON Schema (draft-07) of specs, of reports, of the verdicts of check, or of another document."""
    from archcost.render.output import write_text
    from archcost.strict_json import json_text

    found = _WRITTEN[name]() if name in _WRITTEN else document_schema(name)
    write_text(json_text(found), output, "json")
