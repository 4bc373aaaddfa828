"""What people publish as a model's work: MACs and FLOPs, by archcost and by every tool, doubled and halved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archcost.conventions import TOOLS, sought
from archcost.conventions.published_figures import FLOPS, MACS, CandidateFigure, Term, figure
from archcost.conventions.tool_report import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.conventions.model import Amount
    from archcost.conventions.tool_report import ToolReport


def readings(report: Report, functional: Sequence[str] = ()) -> list[ToolReport]:
    """The report under the convention of every tool that prints figures."""
    return [read(report, convention, functional) for convention in sought()]


def work(
    report: Report, chosen: Sequence[int], tools: Sequence[ToolReport], base: tuple[Term, ...] = ()
) -> Iterator[CandidateFigure]:
    """Every figure of the work of the chosen layers; ``base`` is how their MACs come about."""
    layers = [report.layers[index] for index in chosen]
    count = sum(layer.macs for layer in layers)
    macs = base or (Term(count, "MACs"),)
    flops = sum(layer.flops for layer in layers)
    yield figure("MACs", 0, MACS, macs)
    yield figure("2 × MACs", 1, FLOPS, macs, times=2)
    yield figure("MACs and biases", 2, MACS, (*macs, Term(sum(map(_bias, layers)), "biases")))
    doubled = Term(2 * count, "MACs", f"2·{count:,}")
    yield figure("archcost's FLOPs", 3, FLOPS, (doubled, Term(flops - 2 * count, "other operations")))
    for reading in tools:
        yield from _tool(reading, chosen, count)


def _tool(reading: ToolReport, chosen: Sequence[int], count: int) -> Iterator[CandidateFigure]:
    """A tool's figure of the chosen layers, and twice or half of it; nothing where it fails on one."""
    terms = _terms(reading, chosen, count)
    if terms is None:
        return
    tool = reading.convention
    whose = f"{tool.name}'s {tool.own_word or tool.unit}"
    yield figure(whose, 2 if tool.name in TOOLS else 3, tool.unit, terms)
    if tool.factor == 1:
        yield figure(f"2 × {whose}", 3, FLOPS, terms, times=2)
    else:
        yield figure(f"half of {whose}", 3, MACS, terms, share=tool.factor)


def _terms(reading: ToolReport, chosen: Sequence[int], macs: int) -> tuple[Term, ...] | None:
    """The tool's figure of the layers: what stands for MACs first, then what it adds; None where it fails.

    Equal layers share one tuple of parts, which is looked at once.
    """
    counts = [reading.counts[index] for index in chosen]
    if any(count.failure for count in counts):
        return None
    times = Counter([id(count.parts) for count in counts])
    products: Amount = 0
    others: dict[str, Amount] = {}
    for parts in {id(count.parts): count.parts for count in counts}.values():
        for part in parts:
            amount = times[id(parts)] * part.amount
            if part.macs:
                products += amount
            else:
                name = f"{part.what} ({part.rate})"
                others[name] = others.get(name, 0) + amount
    ordered = sorted(others.items(), key=lambda item: -item[1])
    factor, unit = reading.convention.factor, reading.convention.unit
    if products != factor * macs:
        seen = Term(products, f"{unit} that it sees in products")
    else:
        seen = Term(products, "MACs", f"{factor}·{macs:,}" if factor > 1 else "")
    return (seen, *[Term(amount, name) for name, amount in ordered])


def _bias(layer: Layer) -> int:
    """1 per output of a convolution or linear layer with a bias: all the FLOPs that it has beyond its MACs."""
    biased = layer.macs and getattr(layer.node.op, "bias", False)
    return layer.flops - 2 * layer.macs if biased else 0
