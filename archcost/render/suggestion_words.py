"""What is said of suggestions: sentences."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from archcost.figures import METRICS
from archcost.model_zoo import typed
from archcost.quantities import format_share
from archcost.render.cell_text import field_cell, times_text
from archcost.render.prediction import caveats
from archcost.suggesting.asking import asked_of
from archcost.suggesting.goals import MACS, figure_names, figure_text
from archcost.suggesting.making import LEAST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.explaining.equations import Explanation
    from archcost.suggesting.goals import Saved
    from archcost.suggesting.suggestion import Suggestion, Suggestions

DASH = "–"
_LEAST = format_share(1, LEAST)
_REMARKS = 2


def figures_text(found: Suggestions) -> str:
    """The figures of the model as it is, that of the goal first."""
    names = names_from(found.goal.metric, found.before)
    return " · ".join([f"{METRICS[name].label} {figure_text(name, found.before.of(name))}" for name in names])


def time_text(found: Suggestions) -> str:
    """That times are predicted, on which device, and how wrong that has been."""
    predicted = found.goal.predicted(found.report)
    return "; ".join([f"time: predicted on {predicted.device.label}, not measured", *caveats(predicted)])


def names_from(goal: str, figures: Saved) -> list[str]:
    """The metrics that are told, that of the goal first."""
    return sorted(figure_names(figures), key=lambda name: name != goal)


def left_text(goal: str, before: Saved, after: Saved) -> str:
    """What each figure becomes, that of the goal first, and how much of it is left."""
    return ", ".join([_becomes(name, before.of(name), after.of(name)) for name in names_from(goal, before)])


def _becomes(metric: str, before: int, after: int) -> str:
    label = METRICS[metric].label
    if before == after:
        return f"{label} {figure_text(metric, before)} as before"
    left = f" ({format_share(after, before)})" if before else ""
    texts = figure_text(metric, before), figure_text(metric, after)
    if texts[0] == texts[1]:
        return f"{label} {texts[0]}, {figure_text(metric, abs(before - after))} {'less' if after < before else 'more'}"
    return f"{label} {texts[0]} → {texts[1]}{left}"


def saved_text(one: Suggestion) -> str:
    """What it saves of each figure, and what it adds."""
    parts = []
    for name in names_from(one.goal.metric, one.before):
        amount, label = one.saved.of(name), METRICS[name].label
        if amount:
            share = f" ({format_share(abs(amount), one.before.of(name))})" if one.before.of(name) else ""
            parts.append(f"{figure_text(name, abs(amount))} {label}{share}" if amount > 0 else _added(name, amount))
    return ", ".join(parts)


def _added(metric: str, amount: int) -> str:
    return f"but adds {figure_text(metric, -amount)} {METRICS[metric].label}"


def keeps_text(one: Suggestion) -> str:
    """That all shapes outside stay, and what becomes of the receptive field."""
    before, after = one.fields
    shapes = "all shapes outside of it"
    if before is None or after is None or (before.whole and after.whole):
        return shapes
    own, changed = field_cell(before), field_cell(after)
    if own == changed:
        return f"{shapes}, and the receptive field of {own}"
    return f"{shapes}; the receptive field goes from {own} to {changed}"


def remarks_text(remarks: Sequence[str]) -> str:
    """Where the text had to be unfolded."""
    more = [f"and {len(remarks) - _REMARKS} more"] if len(remarks) > _REMARKS else []
    return "; ".join([*remarks[:_REMARKS], *more])


def cheaper_text(one: Suggestion, explanation: Explanation) -> str:
    """What would save most of a layer or scope, and how much of it."""
    metric = one.goal.metric
    own = next((int(each.value) for each in explanation.equations if each.figure == metric), 0)
    note = f", {one.site.note}" if one.site.note else ""
    saves = f"{figure_text(metric, one.saves)} {METRICS[metric].label} less ({format_share(one.saves, own)} of it)"
    return f"{one.words}{note} ({one.boldness.rewrite}): {saves}"


def cheaper_command(one: Suggestion, explanation: Explanation) -> str:
    """What is typed to see all that would save something of a layer or scope."""
    spec, goal = typed(explanation.report.spec.path), one.goal.word
    words = ["--at", explanation.path] + ["--goal", goal] * (goal != MACS)
    return f"archcost suggest {spec} {' '.join(map(quote, [*words, *asked_of(explanation.report.graph.settings)]))}"


def alternatives_text(one: Suggestion) -> str:
    """What may stand in its place, and what that saves."""
    goal = one.goal.metric
    told = [
        f"{other.number} {other.title}{_elsewhere(one, other)} ({other.boldness.name.lower()}): "
        f"{figure_text(goal, other.saves)} {METRICS[goal].label}"
        for other in one.alternatives
    ]
    return "; ".join(told)


def _elsewhere(one: Suggestion, other: Suggestion) -> str:
    if one.path == other.path:
        return ""
    return f" {other.rewrite.where} {other.path}{times_text(other.times)}"


def mild_text(found: Suggestions, command: str) -> str:
    """What is taken where some are bold, which are not taken unless that is asked for."""
    if not found.plan.suggestions:
        return f"all are bold: `{command} --boldness bold --apply all -o FILE.yaml` takes them"
    numbers = ", ".join([one.number for one in found.plan.suggestions])
    return f"`--apply all` takes what is not bold: {numbers}. With `--boldness bold`, it takes all of the list"


def target_text(found: Suggestions) -> str:
    """Whether the target is come to, and how far it goes."""
    assert found.target is not None, "it is told where there is one"
    goal, now = found.goal.metric, found.before.of(found.goal.metric)
    left, allowed = found.plan.after.of(goal), found.target.allowed
    label = METRICS[goal].label
    wanted = f"target {figure_text(goal, allowed)} {label}"
    count = len(found.plan.suggestions)
    many = f"{count} suggestion{'s' * (count != 1)}"
    if found.reached and not count:
        return f"✓ {wanted}: the model has {figure_text(goal, now)} as it is"
    verb = "leaves" if count == 1 else "leave"
    if found.reached:
        return f"✓ {wanted}: {many} {verb} {figure_text(goal, left)} ({format_share(left, now)})"
    if not count:
        return f"✗ {wanted}: no suggestion comes nearer"
    return f"✗ {wanted}: out of reach, the best together leave {figure_text(goal, left)} ({format_share(left, now)})"


def looked_text(found: Suggestions) -> str:
    """How much was looked at where the model has more than that."""
    looked = found.looked
    parts = []
    if looked.tried < looked.found:
        parts.append(f"tried {looked.tried:,} of {looked.found:,} places where a rewrite applies, the costliest first")
    if looked.passed_over:
        parts.append(f"{looked.passed_over:,} layers of cheaper steps, or of steps with very many, were not looked at")
    return f"{'; '.join(parts)}: `--at PATTERN` looks at a part, `--only NAME` for one rewrite"


def small_text(found: Suggestions) -> str:
    """How many suggestions are not told of, as they save too little."""
    small = found.looked.small
    saves = "saves" if small == 1 else "save"
    label = METRICS[found.goal.metric].label
    return f"{small} more {saves} less than {_LEAST} of the {label}: `--at PATTERN` or `--only NAME` shows such, too"


def nothing_text(found: Suggestions) -> str:
    """Why there is nothing to suggest."""
    label = METRICS[found.goal.metric].label
    if found.looked.small:
        return f"nothing to suggest that saves {_LEAST} of the {label} of {found.report.name}, or more"
    if found.looked.found:
        return f"nothing to suggest: no rewrite that applies to {found.report.name} here saves {label}"
    name = found.report.name
    return (
        f"nothing to suggest: no rewrite that was looked for makes {name} cheaper (`archcost suggest --list` has all)"
    )
