"""The script of the page: a file for each concern in ``script/``, joined in this order when a page is written.

The files share one scope, so that a name is declared once among them. Functions may call what stands further down;
what runs at once, such as ``const items = makeItems()``, needs only what stands above it. There is no build step.
"""

from __future__ import annotations

PARTS = (
    "document",  # the data, and the types of what is in it
    "rows",  # nodes, or pairs of them, as a tree of rows
    "figures",  # their figures, as numbers and as text
    "state",  # what is looked at, which stands in the address
    "by_op",  # the same rows in the order "by op"
    "elements",  # how elements are made
    "hover",  # the card beside the pointer
    "heading",
    "findings",  # the first words
    "colours",
    "icicle",
    "icicle_keys",
    "waterfall",  # of two models
    "memory",
    "memory_chart",
    "graph",
    "graph_layout",
    "layer",  # the selected one
    "receptive_field",
    "columns",  # of the table
    "table",
    "table_rows",
    "table_copies",
    "sweep",
    "sweep_table",
    "scatter",
    "start",  # the sections, and what each is drawn again for
)


def joined(parts: list[str]) -> str:
    """The parts as one script, in a scope of its own that may wait for the document to be unpacked."""
    return "\n".join(['"use strict";', "(async () => {", *parts, "})();"]) + "\n"
