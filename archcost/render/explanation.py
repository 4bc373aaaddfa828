"""Explanations and stories as text that fits the terminal: one figure a line, formulas broken at their equals signs."""

from __future__ import annotations

import sys
from textwrap import wrap
from typing import TYPE_CHECKING

from archcost.explain.expressions import Sum, Symbol
from archcost.printable import visible
from archcost.render.exit import terminal_width
from archcost.render.output import write_text
from archcost.render.text import field_cell, known_total, layers_text, shape_cell, unknown_notes
from archcost.units import format_bytes, format_exact, format_ratio, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.explain.equations import Equation, Explanation, Part, Seen
    from archcost.explain.expressions import Expression
    from archcost.explain.story import Share, Story

_MOST_TERMS = 8
_MOST_PARTS = 12
_MOST_HOLDERS = 5
_ALL = 99  # branches of a field
_LABEL = 17
_KIB = 1024
UNKNOWN = "unknown: the spec does not declare it"


def write_explanation(report: Report, explanation: Explanation, format: str, path: str | None) -> None:  # noqa: A002
    """Print a layer's or scope's explanation as text, Markdown or JSON."""
    if format == "json":
        from archcost.explain.documents import explanation_document
        from archcost.render.plain import to_json

        write_text(to_json([explanation_document(report, explanation)]), path)
    elif format == "markdown":
        from archcost.render.explanation_markdown import explanation_markdown

        write_text(explanation_markdown(explanation), path)
    else:
        write_text(explanation_text(explanation, terminal_width(sys.stdout)), path)


def write_story(story: Story, format: str, path: str | None) -> None:  # noqa: A002 - the option's name
    """Print a model's story as text, Markdown or JSON."""
    if format == "json":
        from archcost.explain.documents import story_document
        from archcost.render.plain import to_json

        write_text(to_json([story_document(story)]), path)
    elif format == "markdown":
        from archcost.render.explanation_markdown import story_markdown

        write_text(story_markdown(story), path)
    else:
        write_text(story_text(story, terminal_width(sys.stdout)), path)


# --- layers and scopes ----------------------------------------------------------------------------------------------


def explanation_text(explanation: Explanation, width: int) -> str:
    """A heading, and a line for every figure."""
    lines = [*_prose(heading(explanation), width), *_prose(explanation.about, width), ""]
    for part in working_parts(explanation)[:_MOST_PARTS]:
        lines += _wrapped(part.name, part_text(part), width)
    hidden = len(working_parts(explanation)) - _MOST_PARTS
    lines += [f"… and {hidden} more", ""] if hidden > 0 else [""] if working_parts(explanation) else []
    for equation in explanation.equations:
        lines += _wrapped(equation.label, equation_text(equation, named=names_parts(explanation, equation)), width)
    for seen in explanation.seen:
        lines += _wrapped("receptive field", seen_text(seen), width)
    return "\n".join(map(visible, lines)) + "\n"


def heading(explanation: Explanation) -> str:
    """``path · kind · shape → shape``."""
    shapes = f"{shape_cell(explanation.inputs)} → {shape_cell(explanation.outputs)}"
    if not explanation.inputs:
        shapes = f"→ {shape_cell(explanation.outputs)}"
    layers = f" · {layers_text(explanation.layers)}" if explanation.parts else ""
    kind = f" · {explanation.kind}" if explanation.kind else ""
    return f"{explanation.path}{kind} · {shapes}{layers}"


def names_parts(explanation: Explanation, equation: Equation) -> bool:
    """Whether a formula is shown with symbols: always for a layer, for the MACs of a scope if its parts have names."""
    named = not any(part.name.isdigit() or part.times > 1 for part in explanation.parts)
    return not explanation.parts or (named and equation.figure == "macs")


def working_parts(explanation: Explanation) -> list[Part]:
    """The parts with MACs, known or not, where there are several layers to tell apart."""
    return [part for part in explanation.parts if part.macs or part.unknown]


def part_text(part: Part) -> str:
    """The arithmetic of a part's MACs."""
    times = f", ×{part.times}" if part.times > 1 else ""
    if part.unknown:
        of = f"unknown of {layers_text(part.unknown)}{times}"
        return f"≥ {format_exact(part.macs)} MACs in {layers_text(part.layers)}, {of}" if part.macs else f"MACs {of}"
    if part.formula is None:
        return f"{format_exact(part.macs)} MACs in {layers_text(part.layers)}{times}"
    return f"{part.formula.text(numbers=True)} = {format_exact(part.macs)} MACs{times}"


def equation_text(equation: Equation, *, named: bool = True) -> str:
    """``symbols = numbers = value unit``; steps that say the same once."""
    steps = []
    if equation.formula is not None:
        steps = [shortened(equation.formula, numbers=False)] if named else []
        steps.append(shortened(equation.formula, numbers=True))
    if equation.unknown and not equation.value:
        return UNKNOWN
    value = value_text(equation.value)
    bare = [step for step in dict.fromkeys(steps) if step != value]
    unit = f" {equation.unit}" if equation.unit else ""
    rounded = f" ({format_bytes(int(equation.value))})" if equation.unit == "B" and equation.value >= _KIB else ""
    note = f"; {equation.note}" if equation.note else ""
    if equation.unknown:
        return f"≥ {value}{unit}{rounded}; unknown of {equation.unknown:,} layer{'s' * (equation.unknown != 1)}"
    return " = ".join([*bare, value + unit + rounded + note])


def value_text(value: int | Fraction) -> str:
    """A whole number to the unit, a ratio in three digits."""
    return format_exact(value) if isinstance(value, int) else format_ratio(value)


def shortened(formula: Expression, *, numbers: bool) -> str:
    """The formula; of a long sum the first terms, how many follow, and the last."""
    if isinstance(formula, Sum) and len(formula.terms) > _MOST_TERMS:
        first = Sum(formula.terms[: _MOST_TERMS - 2]).text(numbers=numbers)
        hidden = len(formula.terms) - _MOST_TERMS + 1
        return f"{first} + … {hidden} more … + {formula.terms[-1][1].text(numbers=numbers)}"
    return formula.text(numbers=numbers)


def seen_text(seen: Seen) -> str:
    """``1 + (5 − 1)·1 = 5 of 28, jump 1, start −2``."""
    sizes = field_cell(seen.field, most=_ALL)
    growth = f"{seen.growth.text()} = {seen.growth.text(numbers=True)} = " if seen.growth is not None else ""
    own = f" in {seen.relative_to}" if seen.relative_to else ""
    return f"{growth}{sizes}{field_rest(seen.field)}{own}"


def field_rest(field: ReceptiveField) -> str:
    """The size of the input, the jump and the start."""
    source = _one(field.source)
    if all(map(field.covers, field.branches)):
        return f" input ({source})"
    start = _one(field.start).replace("-", "−")
    return f" of {source}, jump {_one(field.jump)}, start {start}"


def _one(sizes: tuple[object, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else "×".join(map(str, sizes))


# --- stories --------------------------------------------------------------------------------------------------------


def story_text(story: Story, width: int) -> str:
    """The story, a line for each topic."""
    lines: list[str] = []
    for label, text in story_lines(story):
        lines += _wrapped(label, text, width)
    return "\n".join(map(visible, lines)) + "\n"


def story_lines(story: Story) -> Iterator[tuple[str, str]]:
    """Topics and what is said of each."""
    report = story.report
    totals = report.totals
    shapes = f"{shape_cell(tuple(report.inputs.values()))} → {shape_cell(tuple(report.outputs.values()))}"
    yield "", f"{report.name} · {shapes} · {totals.layers:,} layer{'s' * (totals.layers != 1)}"
    macs, flops = (known_total(report, metric) for metric in ("macs", "flops"))
    yield "MACs", f"{macs}; FLOPs, with all other arithmetic, {flops}"
    for note in unknown_notes(report):
        yield "  unknown", note
    for share in story.macs:
        yield f"  {share.path}", share_text(share, story)
    yield "params", params_text(story)
    yield "memory", memory_text(story)
    if story.peak.path:
        yield "  held there", holders_text(story)
    yield "memory-bound", bound_text(story)
    yield "depth", depth_text(story)
    yield "receptive field", seen_story(story)


def share_text(share: Share, story: Story) -> str:
    """The share of the MACs, and the sum that gives it."""
    formula = share.formula
    value = format_exact(share.value)
    text = shortened(formula, numbers=True) if formula is not None and not isinstance(formula, Symbol) else value
    shown = value if text == value else f"{text} = {value}"
    return f"{macs_share(share, story)}: {f'≥ {value}' if share.unknown else shown}"


def macs_share(share: Share, story: Story) -> str:
    """A part's share of the MACs: at most that where the whole is a lower bound, ``?`` where the part is one."""
    if share.unknown:
        return "?"
    shown = format_share(share.value, story.report.totals.macs)
    return f"≤ {shown}" if story.report.costs.unknown_macs else shown


def depth_text(story: Story) -> str:
    """How many layers with MACs follow one another; at least so many where the MACs of some are not known."""
    bound = "≥ " if story.report.costs.unknown_macs else ""
    return f"{bound}{story.depth:,} of the {bound}{story.counted:,} layers with MACs follow one another"


def params_text(story: Story) -> str:
    """The total, and the largest parts."""
    totals = story.report.totals
    parts = ", ".join(f"{share.path} {format_share(share.value, totals.params)}" for share in story.params)
    active = f", of which a token uses {totals.active_params:,}" if totals.active_params != totals.params else ""
    return f"{totals.params:,}{active}" + (f": {parts}" if parts else "")


def memory_text(story: Story) -> str:
    """Weights, and the peak of the activations."""
    where = f" while {story.peak.path} runs" if story.peak.path else ""
    weights = format_bytes(story.report.totals.weight_bytes)
    caches = report_caches(story.report)
    peak = f"{story.peak.bytes:,} B ({format_bytes(story.peak.bytes)})"
    return f"weights {weights}{caches}; activations peak at {peak}{where}"


def report_caches(report: Report) -> str:
    """The bytes that caches hold after the step; empty for none."""
    caches = report.totals.cache_bytes
    return f"; caches {caches:,} B ({format_bytes(caches)})" if caches else ""


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
    limit = f"{format_ratio(bound.threshold)} FLOPs a byte" + (", an A100's in float32" if bound.usual else "")
    if not bound.working:
        known = "is known to compute" if bound.unknown else "computes"
        return f"below {limit}: no layer {known} anything"
    moved = format_share(bound.bound.moved, bound.whole.moved)
    flops = format_share(bound.bound.flops, bound.whole.flops)
    kinds = f", most by {', '.join(kind for kind, _ in bound.kinds)}" if bound.kinds else ""
    unknown = f" (and {bound.unknown:,} of unknown FLOPs)" if bound.unknown else ""
    layers = f"{bound.layers:,} of the {bound.working:,} layers that compute{unknown}"
    return f"below {limit}: {layers}, with {moved} of the bytes moved and {flops} of the FLOPs{kinds}"


def seen_story(story: Story) -> str:
    """What the output sees, and the largest field that still moves."""
    if story.seen is None:
        return "none: the input has no spatial dims, or the output does not depend on it"
    text = f"{field_cell(story.seen)}{field_rest(story.seen)} at the output"
    if story.widest is not None and not all(story.seen.jump):
        path, field = story.widest
        text += f"; before, at most {_one(field.size)} at {path}, jump {_one(field.jump)}"
    return text


# --- lines ----------------------------------------------------------------------------------------------------------


def _wrapped(label: str, text: str, width: int) -> Iterator[str]:
    """Label and text in two columns; lines break before an equals sign where they can, else between words."""
    indent = _LABEL if label else 0
    room = max(width - indent, 20)
    head = label.ljust(indent)
    if label and len(label) >= indent:
        yield label
        head = " " * indent
    for line in _broken(text, room):
        yield f"{head}{line}".rstrip()
        head = " " * indent


def _prose(text: str, width: int) -> list[str]:
    """Text broken between words alone."""
    return wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)


def _broken(text: str, room: int) -> Iterator[str]:
    """Text in lines of at most so many characters."""
    line = ""
    for number, step in enumerate(text.split(" = ")):
        piece = step if number == 0 else f"= {step}"
        if line and len(line) + 1 + len(piece) <= room:
            line += f" {piece}"
            continue
        if line:
            yield line
        *full, line = wrap(piece, room, break_long_words=False, break_on_hyphens=False) or [""]
        yield from full
    yield line
