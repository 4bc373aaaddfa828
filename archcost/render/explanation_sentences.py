"""What explanations and stories say: sentences, and formulas in plain text and in LaTeX's mathematics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.explaining.expressions import Symbol, SymbolicSum
from archcost.quantities import (
    format_bytes,
    format_bytes_twice,
    format_exact,
    format_ratio,
    format_share,
    rounded_bytes,
)
from archcost.render.cell_text import field_cell, layers_text, shape_cell

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.explaining.equations import Equation, Explanation, FieldView, Part
    from archcost.explaining.expressions import SymbolicExpression
    from archcost.explaining.overview import Share, Story

_MOST_TERMS = 8
_MOST_HOLDERS = 5
_ALL = 99  # branches of a field
_UNKNOWN = "unknown: the spec does not declare it"


# --- layers and scopes ----------------------------------------------------------------------------------------------


def details(explanation: Explanation) -> str:
    """``kind · shape → shape · 2 layers``, behind the path."""
    shapes = f"{shape_cell(explanation.inputs)} → {shape_cell(explanation.outputs)}"
    if not explanation.inputs:
        shapes = f"→ {shape_cell(explanation.outputs)}"
    layers = f" · {layers_text(explanation.layers)}" if explanation.parts else ""
    kind = f"{explanation.kind} · " if explanation.kind else ""
    return f"{kind}{shapes}{layers}"


def names_parts(explanation: Explanation, equation: Equation) -> bool:
    """Whether a formula is shown with symbols: always for a layer, for the MACs of a scope if its parts have names."""
    named = not any(part.name.isdigit() or part.times > 1 for part in explanation.parts)
    return not explanation.parts or (named and equation.figure == "macs")


def working_parts(explanation: Explanation) -> list[Part]:
    """The parts with MACs, known or not, where there are several layers to tell apart."""
    return [part for part in explanation.parts if part.macs or part.unknown]


def part_text(part: Part) -> str:
    """The arithmetic of a part's MACs."""
    times = f", {part_note(part)}" if part.times > 1 else ""
    if part.unknown:
        of = f"unknown for {layers_text(part.unknown)}{times}"
        return f"≥ {format_exact(part.macs)} MACs in {layers_text(part.layers)}, {of}" if part.macs else f"MACs {of}"
    if part.formula is None:
        return f"{format_exact(part.macs)} MACs in {layers_text(part.layers)}{times}"
    return f"{part.formula.text(numbers=True)} = {format_exact(part.macs)} MACs{times}"


def part_formula(part: Part) -> str:
    """The same in LaTeX; empty where no single layer does all of it."""
    if part.formula is None:
        return ""
    return rf"{part.formula.latex(numbers=True)} = {_latex(format_exact(part.macs))}\ \text{{MACs}}"


def part_note(part: Part) -> str:
    """How often a part stands there, where it does so more than once."""
    return f"×{part.times}" if part.times > 1 else ""


def equation_text(equation: Equation, *, named: bool = True) -> str:
    """``symbols = numbers = value unit``; steps that say the same once."""
    steps = []
    if equation.formula is not None:
        steps = [shortened(equation.formula, numbers=False)] if named else []
        steps.append(shortened(equation.formula, numbers=True))
    if equation.unknown and not equation.value:
        return _UNKNOWN
    value = value_text(equation.value)
    bare = [step for step in dict.fromkeys(steps) if step != value]
    unit = f" {equation.unit}" if equation.unit else ""
    rounded = f" ({in_few_digits})" if (in_few_digits := _in_few_digits(equation)) else ""
    note = f"; {equation.note}" if equation.note else ""
    if equation.unknown:
        return f"≥ {value}{unit}{rounded}; unknown for {layers_text(equation.unknown)}"
    return " = ".join([*bare, value + unit + rounded + note])


def equation_formula(equation: Equation, *, named: bool = True) -> str:
    """The same in LaTeX, sums in full; empty where there is nothing but a value."""
    if equation.formula is None or equation.unknown:
        return ""
    symbols, numbers = equation.formula.latex(), equation.formula.latex(numbers=True)
    value = _latex(value_text(equation.value))
    steps = [step for step in dict.fromkeys([symbols, numbers] if named else [numbers]) if step != value]
    unit = rf"\ \text{{{equation.unit}}}" if equation.unit else ""
    return " = ".join([*steps, value + unit]) if steps else ""


def equation_note(equation: Equation) -> str:
    """What is beside a formula: the bytes in few digits, and a remark."""
    return "; ".join(filter(None, (_in_few_digits(equation), equation.note)))


def _in_few_digits(equation: Equation) -> str:
    return rounded_bytes(int(equation.value)) if equation.unit == "B" else ""


def _latex(number: str) -> str:
    return number.replace(",", "{,}")


def value_text(value: int | Fraction) -> str:
    """A whole number to the unit, a ratio in three digits."""
    return format_exact(value) if isinstance(value, int) else format_ratio(value)


def shortened(formula: SymbolicExpression, *, numbers: bool) -> str:
    """The formula; of a long sum the first terms, how many follow, and the last."""
    if isinstance(formula, SymbolicSum) and len(formula.terms) > _MOST_TERMS:
        first = SymbolicSum(formula.terms[: _MOST_TERMS - 2]).text(numbers=numbers)
        hidden = len(formula.terms) - _MOST_TERMS + 1
        return f"{first} + … {hidden} more … + {formula.terms[-1][1].text(numbers=numbers)}"
    return formula.text(numbers=numbers)


def seen_text(seen: FieldView) -> str:
    """``1 + (5 − 1)·1 = 5 of 28, jump 1, start −2``."""
    growth = f"{seen.growth.text()} = {seen.growth.text(numbers=True)} = " if seen.growth is not None else ""
    return growth + seen_note(seen)


def seen_note(seen: FieldView) -> str:
    """``5 of 28, jump 1, start −2``."""
    own = f" in {seen.relative_to}" if seen.relative_to else ""
    return f"{field_cell(seen.field, most=_ALL)}{_rest(seen.field)}{own}"


def seen_formula(seen: FieldView) -> str:
    """How a window widens the field, in LaTeX."""
    growth = seen.growth
    return "" if growth is None else " = ".join([growth.latex(), growth.latex(numbers=True), str(growth.value)])


def _rest(field: ReceptiveField) -> str:
    """The size of the input, the jump and the start."""
    source = one_size(field.source)
    if all(map(field.covers, field.branches)):
        return f" input ({source})"
    start = one_size(field.start).replace("-", "−")
    return f" of {source}, jump {one_size(field.jump)}, start {start}"


def one_size(sizes: tuple[object, ...]) -> str:
    """``5``, or ``3×5`` where the axes differ."""
    return str(sizes[0]) if len(set(sizes)) == 1 else "×".join(map(str, sizes))


# --- stories --------------------------------------------------------------------------------------------------------


def share_text(share: Share) -> str:
    """The sum that gives a part's figure; a lower bound without any where it is not known of all layers."""
    formula = share.formula
    value = format_exact(share.value)
    if share.unknown:
        return f"≥ {value}"
    text = shortened(formula, numbers=True) if formula is not None and not isinstance(formula, Symbol) else value
    return value if text == value else f"{text} = {value}"


def share_formula(share: Share) -> str:
    """The same in LaTeX; of a long sum the value alone."""
    formula, value = share.formula, _latex(format_exact(share.value))
    if share.unknown:
        return ""
    long = isinstance(formula, SymbolicSum) and len(formula.terms) > _MOST_TERMS
    steps = [] if formula is None or isinstance(formula, Symbol) or long else [formula.latex(numbers=True)]
    return " = ".join(dict.fromkeys([*steps, value]))


def macs_share(share: Share, story: Story) -> str:
    """A part's share of the MACs: at most that where the whole is a lower bound, ``?`` where the part is one."""
    if share.unknown:
        return "?"
    shown = format_share(share.value, story.report.totals.macs)
    return f"≤ {shown}" if story.report.costs.unknown_macs else shown


def depth_text(story: Story) -> str:
    """How many layers with MACs follow one another; at least so many where the MACs of some are not known."""
    bound = "≥ " if story.report.costs.unknown_macs else ""
    if story.counted == 1 and not bound:
        return "1 layer has MACs"
    return f"{bound}{story.depth:,} of the {bound}{story.counted:,} layers with MACs follow one another"


def params_text(story: Story) -> str:
    """The total, and how much of it is trained and a token uses, where that is less."""
    totals = story.report.totals
    trained = f", of which {totals.trainable_params:,} are trained" if totals.trainable_params != totals.params else ""
    active = f", of which a token uses {totals.active_params:,}" if totals.active_params != totals.params else ""
    return f"{totals.params:,}{trained}{active}"


def params_shares(story: Story) -> str:
    """The largest parts of the params in a line."""
    return ", ".join(f"{share.path} {params_share(share, story)}" for share in story.params)


def params_share(share: Share, story: Story) -> str:
    """A part's share of the params."""
    return format_share(share.value, story.report.totals.params)


def memory_text(story: Story) -> str:
    """Weights, and the peak of the activations."""
    where = f" while {story.peak.path} runs" if story.peak.path else ""
    weights = format_bytes(story.report.totals.weight_bytes)
    caches = _caches(story.report)
    return f"weights {weights}{caches}; peak activations {format_bytes_twice(story.peak.bytes)}{where}"


def _caches(report: Report) -> str:
    """The bytes that caches hold after the step; empty for none."""
    caches = report.totals.cache_bytes
    return f"; KV cache {format_bytes_twice(caches)}" if caches else ""


def holders_text(story: Story) -> str:
    """The largest tensors that are alive at the peak."""
    peak = story.peak
    largest = sorted(peak.holders, key=lambda holder: -holder[1])
    shown = [f"{path} {format_bytes(size)}" for path, size in largest[:_MOST_HOLDERS]]
    hidden = len(largest) - _MOST_HOLDERS
    shown += [f"{hidden} more {format_bytes(sum(size for _, size in largest[_MOST_HOLDERS:]))}"] if hidden > 0 else []
    shown += [f"workspace {format_bytes(peak.workspace)}"] if peak.workspace else []
    return " + ".join(shown)


def bound_text(story: Story) -> str:
    """How many layers do fewer FLOPs a byte than the threshold, and what they move and do."""
    bound = story.bound
    limit = f"{format_ratio(bound.threshold)} FLOPs a byte" + (f", {bound.device}" if bound.device else "")
    if not bound.working:
        known = "is known to compute" if bound.unknown else "computes"
        return f"below {limit}: no layer {known} anything"
    moved = format_share(bound.bound.moved, bound.whole.moved)
    flops = format_share(bound.bound.flops, bound.whole.flops)
    kinds = f", most by {', '.join(kind for kind, _ in bound.kinds)}" if bound.kinds else ""
    unknown = f" (and {bound.unknown:,} of unknown FLOPs)" if bound.unknown else ""
    several = f"{bound.layers:,} of the {bound.working:,} layers that compute"
    layers = (several if bound.working > 1 else f"{'' if bound.layers else 'not '}the 1 layer that computes") + unknown
    return f"below {limit}: {layers}, with {moved} of the bytes moved and {flops} of the FLOPs{kinds}"


def seen_story(story: Story) -> str:
    """What the output sees, and the largest field that still moves."""
    if story.seen is None:
        return "none: the input has no spatial dims, or the output does not depend on it"
    text = f"{field_cell(story.seen)}{_rest(story.seen)} at the output"
    if story.widest is not None and not all(story.seen.jump):
        path, field = story.widest
        text += f"; before, at most {one_size(field.size)} at {path}, jump {one_size(field.jump)}"
    return text
