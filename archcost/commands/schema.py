"""``schema``: the JSON Schemas of what archcost reads and prints."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import Output
from archcost.commands.value_readers import WordOf
from archcost.render.schemas import SCHEMAS, named_schema


def schema(
    name: Annotated[
        str,
        typer.Argument(
            parser=WordOf("the name of a schema", SCHEMAS), metavar="NAME", help="What the schema describes."
        ),
    ],
    output: Output = None,
) -> None:
    """Print the JSON Schema (draft-07) of specs, configurations, reports, verdicts of check, or another document."""
    from archcost.render.output import write_text
    from archcost.strict_json import json_text

    write_text(json_text(named_schema(name)), output, "json")
