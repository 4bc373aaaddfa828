"""A published figure: what gives it when rounded as it is written, under which settings, the likeliest first.

What is likely is decided in this order: the kind of figure that the words name, or else the kind that it has the size
of; then how few unusual steps an explanation takes (``rank``: another convention, layers left out, a setting changed,
digits cut off, K = 1024); then how near it comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from archcost.conventions.candidate_figures import candidates
from archcost.conventions.published_figures import ARITHMETIC, BYTES, FLOPS, MACS, PARAMS, CandidateFigure
from archcost.conventions.published_work import readings
from archcost.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction
    from typing import Any

    from archcost.analysis.report import Report
    from archcost.conventions.printed_figures import Written

RESOLUTIONS = (96, 112, 128, 160, 192, 224, 227, 240, 256, 288, 299, 320, 331, 380, 384, 448, 456, 480, 512, 600, 640)
_RESOLUTION_NAMES = ("resolution", "image_size", "input_size", "img_size")
_NEAREST = 3
_FEW = 3  # the most unusual steps of a figure that is only near
_DECADE = 2.302585  # ln 10: how wide the neighbourhood is in which candidates are counted
_WITHIN = 10  # its ratio, √10 on either side, squared


class Analyse(Protocol):
    """The model's report with params changed."""

    def __call__(self, changed: Mapping[str, Any], /, *, training: bool) -> Report:
        """Raises SpecError for params that do not fit."""


class Match(NamedTuple):
    """A figure that is, or is not, printed as the published one, and the settings that it takes.

    ``tier`` is 0 where the figure is of the kind looked for, and grows with the distance from it; ``ratio`` is how many
    times the published figure it is, if it is ``more``, or else how many times the published figure is of it.
    """

    figure: CandidateFigure
    settings: tuple[str, ...]
    way: str
    rank: int
    tier: int
    ratio: Fraction
    more: bool

    @property
    def times(self) -> Fraction:
        """The figure as a multiple of the published one."""
        return self.ratio if self.more else 1 / self.ratio


class Search(NamedTuple):
    """What was found for a published figure, the likeliest first.

    ``nearest`` are the plain figures of the kind that do not fit, and others near it if nothing fits. ``by_chance``
    is how many would fit a figure of so many digits if those of its size lay anywhere.
    """

    written: Written
    matches: tuple[Match, ...]
    nearest: tuple[Match, ...]
    by_chance: float


def search(written: Written, analyse: Analyse, functional: Sequence[str] = ()) -> Search:
    """Try every figure of every scope under every setting of one param, with and without training."""
    matches: dict[tuple[str, int], Match] = {}
    others: dict[tuple[str, int], Match] = {}
    for match in _tried(written, analyse, functional):
        found = matches if match.way else others
        key = (match.figure.kind, match.figure.value)
        if key not in found or match.rank < found[key].rank:
            found[key] = match
    ordered = sorted(matches.values(), key=lambda match: (match.tier, match.rank, match.ratio))
    nearest = sorted(others.values(), key=lambda match: (match.ratio, match.rank))
    near = sum(match.ratio**2 <= _WITHIN for match in (*ordered, *nearest))
    plain = [match for match in nearest if match.tier == match.rank == 0]
    shown = plain if ordered else _nearest(written, nearest, plain)
    return Search(written, tuple(ordered), tuple(shown), near * float(written.width) / _DECADE)


def _nearest(written: Written, others: Sequence[Match], plain: Sequence[Match]) -> list[Match]:
    """The nearest figures that take few unusual steps, and the plain ones of the kind among them."""
    tiers = len(written.kinds) or 2
    usual = [match for match in others if match.tier < tiers and match.rank <= _FEW and match not in plain]
    chosen = [*plain, *usual[: max(1, _NEAREST - len(plain))]]
    return sorted(chosen, key=lambda match: (match.ratio, match.rank))


def _tried(written: Written, analyse: Analyse, functional: Sequence[str]) -> Iterator[Match]:
    tiers: dict[str, int] = {}
    for words, rank, report in _variants(analyse):
        tiers = tiers or _tiers(written, report)
        for scope, figure in candidates(report, readings(report, functional)):
            if figure.kind not in tiers:
                continue
            settings = tuple(filter(None, (words, scope.words)))
            way, unusual = written.way(figure.value) or ("", 0)
            cost = rank + scope.rank + figure.rank + unusual
            ratio, more = written.ratio(figure.value)
            yield Match(figure, settings, way, cost, tiers[figure.kind], ratio, more)


def _tiers(written: Written, report: Report) -> dict[str, int]:
    """Each kind that is looked for, and how far it is from what is meant.

    Words decide; a figure without any is meant to be of the kind whose plain figure has its size. Bytes have a unit.
    """
    if written.kinds:
        stated = {kind: tier for tier, kinds in enumerate(written.kinds) for kind in kinds}
        if BYTES in stated:
            return stated
        return {kind: stated.get(kind, len(written.kinds)) for kind in (PARAMS, MACS, FLOPS)}
    totals = report.totals
    of_params = not totals.macs or (totals.params and written.ratio(totals.params)[0] <= written.ratio(totals.macs)[0])
    return {PARAMS: 0 if of_params else 1, **dict.fromkeys(ARITHMETIC, 1 if of_params else 0)}


def _variants(analyse: Analyse) -> Iterator[tuple[str, int, Report]]:
    """The model as it is, in training where that adds layers, and with one param changed."""
    report = analyse({}, training=False)
    yield "", 0, report
    training = analyse({}, training=True)
    if training.totals.layers != report.totals.layers:
        yield "with what the spec builds for training", 2, training
    for name, value in report.params.items():
        if isinstance(value, bool):
            choices: Sequence[object] = (not value,)
        elif name in _RESOLUTION_NAMES and isinstance(value, int):
            choices = [size for size in RESOLUTIONS if size != value]
        else:
            choices = ()
        for choice in choices:
            try:
                changed = analyse({name: choice}, training=False)
            except SpecError:
                continue
            yield f"{name}={str(choice).lower()}", 1 if isinstance(value, bool) else 2, changed
