"""What a verification comes to in words: what its figures cover, what they were held against, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.pytorch.verified_figures import shown
from archcost.quantities import format_share
from archcost.render.beside import beside_lines, doubts
from archcost.render.verification_clock import clock_remarks, correlation_text

if TYPE_CHECKING:
    from archcost.pytorch.clock import Clock
    from archcost.pytorch.correspondence import Against
    from archcost.pytorch.verification import Verification

MARKS = {True: "✓", False: "✗"}
_COUNTERS = {"torch": "torch's counter", "fvcore": "fvcore"}
_SHOWN = 3  # names that a remark tells


def coverage(verification: Verification) -> str:
    """The share of the MACs that both counters cover."""
    total = verification.totals["macs"] or 0
    share = format_share(min(map(verification.covered, _COUNTERS)), total) if total else "–"
    return f"≤ {share}" if verification.unknown and total else share


def correlation_cell(verification: Verification) -> str:
    """How well MACs rank the measured times."""
    rho = verification.clock.ranking.correlation if verification.clock else None
    return "–" if rho is None else correlation_text(rho)


def versions(verification: Verification) -> str:
    """What judged it."""
    return ", ".join(f"{name} {version}" for name, version in verification.versions.items())


def remarks(verification: Verification) -> list[str]:
    """What the figures cover, and what they were held against, one line each."""
    total = verification.totals["macs"] or 0
    lines = [versions(verification)]
    if verification.unknown:
        paths = ", ".join(verification.unknown)
        lines.append(f"MACs are unknown for {paths}, which no counter covers: declare `macs` there")
    for counter, name in _COUNTERS.items():
        missing = verification.uncovered(counter)
        if missing:
            share = format_share(verification.covered(counter), total)
            kinds = ", ".join(f"{kind} {format_share(macs, total)}" for kind, macs in missing.items())
            bound = "at most " if verification.unknown else ""
            lines.append(f"{name} covers {bound}{share} of the MACs; not covered: {kinds}")
    if any(layer.second_macs is not None for layer in verification.layers):
        lines.append("recurrent layers are counted a second time, from their real matrices and the time steps")
    if verification.fvcore_total is not None and verification.fvcore_total != (verification.totals["fvcore_macs"] or 0):
        lines.append(f"fvcore's own total is {verification.fvcore_total:,}: it adds norms, pools and interpolation")
    if verification.expected:
        lines.append(_expected(verification))
    if verification.against is not None:
        lines += _against_remarks(verification.against)
    if verification.clock is not None:
        lines += clock_remarks(verification.clock)
        lines += _predicted(verification.clock)
    return [*lines, *verification.notes]


def _predicted(clock: Clock) -> list[str]:
    first, *rest = beside_lines(clock.latency) or [""]
    return [f"predicted: {first}", *[f"  {line}" for line in rest], *doubts(clock.latency)] if first else []


def _expected(verification: Verification) -> str:
    """How many expected figures hold, and which of these nothing proves."""
    met = verification.expected - verification.unmet
    words = f"{met:,} of {verification.expected:,} expected figures hold"
    resting = verification.rest_on_declared
    if not resting:
        return words
    count = "it" if len(resting) == verification.expected == 1 else f"{len(resting):,} of them"
    names = ", ".join(resting[:_SHOWN]) + ", …" * (len(resting) > _SHOWN)
    verb = "is" if len(resting) == 1 else "are"
    return f"{words}; {count} {verb} not proved, as a part is only declared: {names}"


def _against_remarks(against: Against) -> list[str]:
    text = f"{against.target}: {against.other_params:,} params, {against.other_macs:,} MACs"
    lines = [f"{text}; {against.agreeing:,} of {against.layers:,} layers with tensors agree, in order"]
    if against.kind_unknown:
        lines.append(f"{_kind_unknown(against)}: they are of classes of the model's own, or written in other layers")
    if against.same_activations is None:
        ours, theirs = shown(against.activations), shown(against.other_activations)
        lines.append(f"not compared: the activations, {ours} here, {theirs} there; one may be composed of others")
    rest = [
        f"{len(paths):,} of {who} ({', '.join(path or 'the model itself' for path in paths[:_SHOWN])}"
        f"{', …' if len(paths) > _SHOWN else ''})"
        for who, paths in (("the spec", against.only_spec), (against.target, against.only_other))
        if paths
    ]
    if rest:
        same = (against.params, against.macs) == (against.other_params, against.other_macs)
        lines.append(f"not aligned: {', '.join(rest)}{'; the totals agree' if same else ''}")
    if against.unused:
        lines.append(f"{against.target} has {against.unused_params:,} more params that a forward pass does not use")
    return lines


def _kind_unknown(against: Against) -> str:
    count = against.kind_unknown
    if count == 1:
        return "1 layer agrees in parameter shapes; its kind is not known"
    return f"{count:,} layers agree in parameter shapes; their kind is not known"


def _held(against: Against) -> str:
    """How far the other model holds, where that is not all the way."""
    parts = [f"{against.target}: {against.agreeing:,} of {against.layers:,} layers with tensors agree"]
    if against.kind_unknown:
        parts.append(f"{against.kind_unknown:,} of them in parameter shapes alone (kind not known)")
    if against.only_other:
        parts.append(f"{len(against.only_other):,} of the model not aligned")
    if against.same_activations is None:
        parts.append("activations are not compared")
    return ", ".join(parts)


def verdict(verification: Verification) -> str:
    """The last line: a tick only where every layer is proved."""
    count = len(verification.mismatches)
    if count:
        return f"{MARKS[False]} {verification.name}: {count:,} mismatch{'es' * (count != 1)}"
    tick = f"{MARKS[True]} " if verification.proved else ""
    against = verification.against
    held = f"; {_held(against)}" if against is not None and not against.proved else ""
    return f"{tick}{verification.name}: {_agreement(verification)}{held}"


def _agreement(verification: Verification) -> str:
    agree, declared = verification.agreeing, len(verification.declared)
    is_declared = f"{declared:,} {'layer' if not agree else ''}{'s' * (not agree and declared != 1)}".rstrip()
    is_declared += " is only declared" if declared == 1 else " are only declared"
    if not agree:
        return f"nothing is verified: {is_declared if declared else 'there are no layers'}"
    words = f"{agree:,} layer agrees" if agree == 1 else f"{agree:,} layers agree"
    words += " in shapes, params and MACs"
    return f"{words}; {is_declared}, {_declared_share(verification)}" if declared else words


def _declared_share(verification: Verification) -> str:
    """What is declared in proportion to all MACs; at least that where some are not known.

    Its share of the params stands beside it where that is the larger one.
    """
    layers, totals = verification.declared, verification.totals
    declared, total = verification.declared_macs, totals["macs"] or 0
    params, all_params = verification.declared_params, totals["params"] or 0
    unknown = sum(bool(layer.unknown_macs) for layer in layers)
    if unknown == len(layers):
        words, join = f"{'its' if unknown == 1 else 'their'} MACs unknown", ", "
    else:
        words, join = f"{'at least ' if unknown else ''}{format_share(declared, total)} of the MACs", " and "
    larger = params * max(total, 1) > declared * all_params
    return f"{words}{join}{format_share(params, all_params)} of the params" if larger else words
