"""Explanations and stories as Markdown, with formulas in LaTeX between dollar signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.explain.expressions import Sum, Symbol
from archcost.render.explanation import (
    UNKNOWN,
    bound_text,
    depth_text,
    field_rest,
    heading,
    holders_text,
    macs_share,
    memory_text,
    names_parts,
    seen_story,
    value_text,
    working_parts,
)
from archcost.render.markup import escape_markdown
from archcost.render.text import field_cell, known_total, unknown_notes
from archcost.units import format_exact, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.explain.equations import Equation, Explanation, Seen
    from archcost.explain.expressions import Expression
    from archcost.explain.story import Share, Story

_ALL = 99  # branches of a field


def explanation_markdown(explanation: Explanation) -> str:
    """A heading, and a displayed formula for every figure."""
    blocks = [f"### {escape_markdown(heading(explanation))}"]
    if explanation.about:
        blocks.append(escape_markdown(explanation.about))
    for part in working_parts(explanation):
        if part.formula is not None:
            times = f", ×{part.times}" if part.times > 1 else ""
            steps = (part.formula.latex(numbers=True), _latex_number(part.macs))
            blocks += [f"**{escape_markdown(part.name)}**, MACs{times}", _displayed(*steps)]
    for equation in explanation.equations:
        blocks += _equation(equation, named=names_parts(explanation, equation))
    blocks += [block for seen in explanation.seen for block in _seen(seen)]
    return "\n\n".join(blocks) + "\n"


def _equation(equation: Equation, *, named: bool) -> Iterator[str]:
    note = f" ({equation.note})" if equation.note else ""
    yield f"**{equation.label}**{escape_markdown(note)}"
    if equation.unknown and not equation.value:
        yield UNKNOWN
        return
    steps = []
    if equation.formula is not None and not equation.unknown:
        steps = [equation.formula.latex()] if named else []
        steps.append(equation.formula.latex(numbers=True))
    value = (r"\ge " if equation.unknown else "") + value_text(equation.value).replace(",", "{,}")
    unit = rf"\ \text{{{equation.unit}}}" if equation.unit else ""
    yield _displayed(*[step for step in dict.fromkeys(steps) if step != value], value + unit)


def _seen(seen: Seen) -> Iterator[str]:
    own = f" in {seen.relative_to}" if seen.relative_to else ""
    text = f"{field_cell(seen.field, most=_ALL)}{field_rest(seen.field)}{own}"
    yield f"**receptive field**: {escape_markdown(text)}"
    if seen.growth is not None:
        yield _displayed(seen.growth.latex(), seen.growth.latex(numbers=True), str(seen.growth.value))


def _displayed(*steps: str) -> str:
    return f"$$\n{' = '.join(steps)}\n$$"


def _latex_number(value: int) -> str:
    return format_exact(value).replace(",", "{,}")


def story_markdown(story: Story) -> str:
    """A heading, and an item for each topic."""
    report = story.report
    totals = report.totals
    macs, flops = (known_total(report, metric) for metric in ("macs", "flops"))
    items = [f"**MACs**: {macs}; FLOPs, with all other arithmetic, {flops}"]
    items += [f"  - {escape_markdown(note)}" for note in unknown_notes(report)]
    for share in story.macs:
        value = f"≥ {format_exact(share.value)}" if share.unknown else _sum(share)
        items.append(f"  - {escape_markdown(share.path)}: {macs_share(share, story)}, {value}")
    items.append(f"**params**: {totals.params:,}")
    for share in story.params:
        part = format_share(share.value, totals.params)
        items.append(f"  - {escape_markdown(share.path)}: {part}, {_sum(share)}")
    items.append(f"**memory**: {escape_markdown(memory_text(story))}")
    if story.peak.path:
        items.append(f"  - held there: {escape_markdown(holders_text(story))}")
    items += [
        f"**memory-bound** {escape_markdown(bound_text(story))}",
        f"**depth**: {depth_text(story)}",
        f"**receptive field**: {escape_markdown(seen_story(story))}",
    ]
    lines = [item if item.startswith("  ") else f"- {item}" for item in items]
    return f"### {escape_markdown(report.name)}\n\n" + "\n".join(lines) + "\n"


def _sum(share: Share) -> str:
    value = _latex_number(share.value)
    steps = [*_terms(share.formula), value] if share.formula is not None else [value]
    return f"${' = '.join(dict.fromkeys(steps))}$"


def _terms(formula: Expression) -> Iterator[str]:
    """The numbers of a formula; those of a long sum are left out."""
    if isinstance(formula, Symbol) or (isinstance(formula, Sum) and len(formula.terms) > 8):  # noqa: PLR2004 - a line
        return
    yield formula.latex(numbers=True)
