"""What every format of a verification shows: rows, cells, remarks and the verdict as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.paths import outer
from archcost.pytorch.figures import shown
from archcost.render.latency import digits, time_text
from archcost.render.rows import MAX_ROWS
from archcost.render.text import figure_cell, lower_bound, shape_cell
from archcost.render.verification_clock import clock_remarks, correlation_text
from archcost.units import format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.errors import Diagnostic
    from archcost.pytorch.correspondence import Against, Pair
    from archcost.pytorch.verification import LayerCheck, Verification

NOT_VERIFIED = "not verified"  # beside the name of a spec that has a mistake: PyTorch has not run it
MARKS = {True: "✓", False: "✗"}
_COUNTERS = {"torch": "torch's counter", "fvcore": "fvcore"}
_SHOWN = 3  # layers that a remark names


class Outcome(NamedTuple):
    """What came of one spec: a verification, or the problems that prevent it."""

    name: str
    verification: Verification | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def label(self) -> str:
        """The model's name, or what was asked for and that it is not verified."""
        return self.verification.name if self.verification else f"{self.name} ({NOT_VERIFIED})"


class Row(NamedTuple):
    """A line of the table: one layer, or the sum of those below a scope."""

    path: str
    op: str
    output: str
    params: int
    macs: int
    fvcore: int | None
    torch: int | None
    mark: str
    unknown: int  # layers of which the MACs are not known
    seconds: float | None  # None: not measured
    timed_macs: int  # of the layers that were measured
    other: str  # what the model that the spec is held against has in its place


def rows(verification: Verification, depth: int | None) -> list[Row]:
    """Layers folded to their scopes ``depth`` levels deep; None chooses the deepest that is not too long."""
    deepest = max((layer.path.count(".") + 1 for layer in verification.layers), default=1)
    if depth is None:
        depth = next((d for d in range(deepest, 1, -1) if len(_groups(verification, d)) <= MAX_ROWS), 1)
    return [_row(path, layers, verification.against) for path, layers in _groups(verification, depth).items()]


def _groups(verification: Verification, depth: int) -> dict[str, list[LayerCheck]]:
    groups: dict[str, list[LayerCheck]] = {}
    for layer in verification.layers:
        groups.setdefault(outer(layer.path, depth), []).append(layer)
    return groups


def _row(path: str, layers: list[LayerCheck], against: Against | None) -> Row:
    counted = {
        name: [
            getattr(layer, name)
            for layer in layers
            if layer.macs or layer.declared or layer.unknown_macs or getattr(layer, name)
        ]
        for name in ("fvcore_macs", "torch_macs")
    }
    fvcore, torch = (None if None in figures else sum(figures) for figures in counted.values())
    pairs = _pairs(layers, against)
    ok = all(layer.ok or (layer.declared and not layer.mismatches) for layer in layers)
    times = [layer.time.timing.median for layer in layers if layer.time is not None]
    return Row(
        path,
        layers[0].op if len(layers) == 1 else f"{len(layers)} layers",
        shape_cell(layers[-1].output),
        sum(layer.params for layer in layers),
        sum(layer.macs for layer in layers),
        fvcore,
        torch,
        mark(
            ok=ok and all(pair is None or pair.ok for pair in pairs.values()),
            declared=sum(layer.declared for layer in layers),
            layers=len(layers),
            held=all(pair is not None and pair.proved for pair in pairs.values()),
        ),
        sum(layer.unknown_macs for layer in layers),
        sum(times) if times else None,
        timed_macs(layers),
        _other_cell(pairs, single=len(layers) == 1),
    )


def mark(*, ok: bool, declared: int, layers: int, held: bool = True) -> str:
    """✗ for what is contradicted; else a tick, but not for what is only declared, not held against all, or nothing."""
    if not ok:
        return MARKS[False]
    if declared:
        return "declared" if layers == 1 else f"{declared:,} declared"
    return MARKS[True] if layers and held else "–"


def summary_mark(verification: Verification) -> str:
    """The verdict on a spec as one cell."""
    held = verification.against is None or verification.against.proved
    return mark(ok=verification.ok, declared=len(verification.declared), layers=len(verification.layers), held=held)


def _pairs(layers: list[LayerCheck], against: Against | None) -> dict[str, Pair | None]:
    """The pair of every layer with tensors; None of those that are not aligned."""
    if against is None:
        return {}
    pairs: dict[str, Pair | None] = {**{pair.path: pair for pair in against.pairs}, **dict.fromkeys(against.only_spec)}
    return {layer.path: pairs[layer.path] for layer in layers if layer.path in pairs}


def _other_cell(pairs: dict[str, Pair | None], *, single: bool) -> str:
    """Where the other model has a layer, with its own figures where they differ; of several, how many agree."""
    if not pairs:
        return ""
    if not single:
        unknown = sum(pair is not None and pair.ok and not pair.proved for pair in pairs.values())
        agree = f"{sum(pair is not None and pair.ok for pair in pairs.values()):,} of {len(pairs):,} agree"
        return f"{agree}, {unknown:,} in shapes alone" if unknown else agree
    (pair,) = pairs.values()
    if pair is None:
        return "not aligned"
    name = pair.other or "the model itself"
    if pair.ok:
        return name if pair.proved else f"{name}: kind not known"
    return f"{name}: {', '.join(_own_figures(pair))}"


def _own_figures(pair: Pair) -> list[str]:
    """The figures of the other model that differ from ours, its kind and settings before them."""
    figures = [pair.kinds[1]] if pair.kinship == "differs" else []
    figures += [f"{name} {shown(theirs)}" for name, (_, theirs) in pair.settings.items()]
    if not pair.same_output and pair.other_output is not None:
        figures.append(shape_cell((pair.other_output,)))
    if not pair.same_tensors:
        figures.append(f"{pair.other_params:,} params")
    if pair.macs != pair.other_macs:
        figures.append(f"{pair.other_macs or 0:,} MACs")
    return figures


def macs_cell(value: int, unknown: int, *, exact: bool = True) -> str:
    """MACs; a lower bound where some are unknown."""
    return lower_bound(figure_cell(value, exact=exact), value, unknown)


def count_cell(value: int | None, *, exact: bool = True) -> str:
    """A count; what nothing measures is not covered."""
    return "not covered" if value is None else figure_cell(value, exact=exact)


def time_cell(seconds: float | None) -> str:
    """A time; a dash where nothing was measured."""
    return "–" if seconds is None else time_text(seconds)


def timed_macs(layers: Sequence[LayerCheck]) -> int:
    """The MACs of the layers that were measured: a rate is over these."""
    return sum(layer.macs for layer in layers if layer.time is not None)


def rate_cell(macs: int, seconds: float | None) -> str:
    """GMACs a second; a dash for a layer without MACs, or without a time."""
    return digits(macs / seconds / 1e9) if macs and seconds else "–"


def coverage(verification: Verification) -> str:
    """The share of the MACs that both counters cover."""
    total = verification.totals["macs"] or 0
    share = format_share(min(map(verification.covered, _COUNTERS)), total) if total else "–"
    return f"≤ {share}" if verification.unknown and total else share


def correlation_cell(verification: Verification) -> str:
    """How well MACs rank the measured times."""
    rho = verification.clock.ranking.correlation if verification.clock else None
    return "–" if rho is None else correlation_text(rho)


def title(verification: Verification) -> str:
    """The heading of one spec."""
    return f"{verification.name} · batch {verification.batch} · held against PyTorch"


def versions(verification: Verification) -> str:
    """What judged it."""
    return ", ".join(f"{name} {version}" for name, version in verification.versions.items())


def remarks(verification: Verification) -> list[str]:
    """What the figures cover, and what they were held against, one line each."""
    total = verification.totals["macs"] or 0
    lines = [versions(verification)]
    if verification.unknown:
        paths = ", ".join(verification.unknown)
        lines.append(f"MACs are unknown of {paths}, which no counter covers: declare `macs` there")
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
        met = verification.expected - verification.unmet
        lines.append(f"{met:,} of {verification.expected:,} expected figures hold")
    if verification.against is not None:
        lines += _against_remarks(verification.against)
    if verification.clock is not None:
        lines += clock_remarks(verification.clock)
    return [*lines, *verification.notes]


def _against_remarks(against: Against) -> list[str]:
    text = f"{against.target}: {against.other_params:,} params, {against.other_macs:,} MACs"
    lines = [f"{text}; {against.agreeing:,} of {against.layers:,} layers with tensors agree, in order"]
    if against.kind_unknown:
        lines.append(f"{_kind_unknown(against)}: they are of classes of the model's own, or written in other layers")
    if against.same_activations is None:
        ours, theirs = shown(against.activations), shown(against.other_activations)
        lines.append(f"not compared: the activations, {ours} here, {theirs} there; one may be written out of others")
    rest = [
        f"{len(paths):,} of {who} ({', '.join(path or 'the model itself' for path in paths[:_SHOWN])}"
        f"{', …' if len(paths) > _SHOWN else ''})"
        for who, paths in (("the spec", against.only_spec), ("the model", against.only_other))
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
    """What is declared in proportion to all MACs; at least that where some are not known."""
    layers = verification.declared
    share = format_share(sum(layer.macs for layer in layers), verification.totals["macs"] or 0)
    unknown = sum(bool(layer.unknown_macs) for layer in layers)
    if unknown == len(layers):
        return f"{'its' if unknown == 1 else 'their'} MACs unknown"
    return f"at least {share} of the MACs" if unknown else f"{share} of the MACs"
