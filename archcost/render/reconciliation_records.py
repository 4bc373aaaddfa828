"""The figures of a reconciliation, one a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.conventions.data import reconciliation_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.conventions.data import ConventionData, MatchData, QuotedData
    from archcost.conventions.reconciliation import Reconciliation


class ReconciliationRecord(NamedTuple):
    """A figure; ``row`` is what it is.

    ``tool``: a tool's figure; ``difference``: what an op adds to that; ``fits``, ``near``: what a published figure may
    be; ``quoted``: the nearest figure to one that the spec quotes, beside archcost's own, which is ``computed``.
    ``macs`` are archcost's that the figure stands for, ``difference`` is the figure less the tool's count for them, and
    ``deviation`` a share of the published figure.
    """

    model: str
    row: str
    path: str | None = None
    tool: str | None = None
    version: str | None = None
    unit: str | None = None
    what: str | None = None
    why: str | None = None
    layers: int | None = None
    figure: float | None = None
    macs: int | None = None
    difference: float | None = None
    covered: bool | None = None
    computed: int | None = None
    published: str | int | None = None
    deviation: float | None = None
    settings: str | None = None
    arithmetic: str | None = None


def reconciliation_records(found: Reconciliation) -> Iterator[ReconciliationRecord]:
    """Every tool with its differences, then what is published."""
    data, name = reconciliation_data(found), found.report.name
    for convention in data["conventions"]:
        yield from _tool(name, data["macs"], convention)
    published = data.get("published")
    if published is not None:
        for row, matches in (("fits", published["matches"]), ("near", published["nearest"])):
            for match in matches:
                yield _match(name, row, published["text"], match)
    for quoted in data["quoted"]:
        yield _quoted(name, quoted)


def _tool(name: str, macs: int, found: ConventionData) -> Iterator[ReconciliationRecord]:
    tool = ReconciliationRecord(name, "tool", tool=found["name"], version=found["version"], unit=found["unit"])
    yield tool._replace(
        what=found["word"],
        why=found["failure"],
        figure=found["figure"],
        macs=macs,
        difference=found["difference"],
        covered=not found["not_covered_macs"],
    )
    for difference in found["differences"]:
        yield tool._replace(
            row="difference",
            what=difference["what"],
            why=difference["rate"],
            layers=difference["layers"],
            figure=difference["figure"],
            macs=difference["macs"],
            difference=difference["difference"],
            covered=difference["covered"],
        )


def _match(name: str, row: str, text: str, found: MatchData) -> ReconciliationRecord:
    return ReconciliationRecord(
        name,
        row,
        unit=found["kind"],
        what=found["what"],
        why=found["way"],
        figure=found["figure"],
        published=text,
        deviation=found["deviation"],
        settings=", ".join(found["settings"]) or None,
        arithmetic=found["arithmetic"],
    )


def _quoted(name: str, found: QuotedData) -> ReconciliationRecord:
    return ReconciliationRecord(
        name,
        "quoted",
        path=found["path"],
        unit=found["metric"],
        what=found["nearest_is"],
        why=found["source"],
        figure=found["nearest"],
        computed=found["computed"],
        published=found["published"],
        deviation=found["deviation"],
    )
