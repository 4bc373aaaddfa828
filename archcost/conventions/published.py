"""A published figure: which convention, and which settings, give it when rounded as it is written."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, Protocol

from archcost.conventions.scopes import SIZE, figures, readings, scopes
from archcost.errors import SpecError, UsageError
from archcost.units import BINARY, DECIMAL, UnitError, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from archcost.analysis.report import Report
    from archcost.conventions.scopes import Figure

RESOLUTIONS = (96, 112, 128, 160, 192, 224, 227, 240, 256, 288, 299, 320, 331, 380, 384, 448, 456, 480, 512, 600, 640)
_RESOLUTION_NAMES = ("resolution", "image_size", "input_size", "img_size")
_WORDS = re.compile(r"\s*(mult-?adds?|madds?|macs?|flops?|ops|params?|parameters)\s*$", re.IGNORECASE)
_NEAREST = 3


class Analyse(Protocol):
    """The model's report with params changed."""

    def __call__(self, changed: Mapping[str, Any], /, *, training: bool) -> Report:
        """Raises SpecError for params that do not fit."""


class Written(NamedTuple):
    """A number as printed: ``4.1`` with 1 decimal place, in units of 10⁹ or of 1024³."""

    text: str
    number: Fraction
    places: int
    decimal: int
    binary: int

    def way(self, value: int) -> tuple[str, int] | None:
        """How a value becomes what is printed (exactly, rounded, cut off, K = 1024) and how unusual it is; or None."""
        for base, words, rank in ((self.decimal, "", 0), (self.binary, " with K = 1024", 2)):
            shown = Fraction(value, base) * 10**self.places
            wanted = self.number * 10**self.places
            if shown == wanted:
                return f"exactly{words}", rank
            if (2 * shown + 1) // 2 == wanted:
                return f"rounded{words}", rank
            if shown // 1 == wanted:
                return f"cut off{words}", rank + 1
            if self.decimal == self.binary:
                break
        return None

    def distance(self, value: int) -> Fraction:
        """The relative distance of a value."""
        published = self.number * self.decimal
        return abs(value - published) / published if published else Fraction(value)


class Match(NamedTuple):
    """A figure that is, or is not, printed as the published one, and the settings that it takes."""

    figure: Figure
    settings: tuple[str, ...]
    way: str
    rank: int


class Search(NamedTuple):
    """What was found for a published figure, the likeliest first; without matches, the nearest figures."""

    written: Written
    matches: tuple[Match, ...]
    nearest: tuple[Match, ...]


def parse_written(text: str) -> Written:
    """Read ``4.1G``, ``4.1 GFLOPs`` or ``1582671872``; raises UsageError."""
    bare = _WORDS.sub("", text.strip())
    try:
        number, unit = parse_quantity(bare)
    except UnitError as error:
        raise UsageError(f"--published {text}: {error}", "write it as it is printed, like 4.1G or 159K") from None
    if unit not in DECIMAL and unit not in BINARY:
        raise UsageError(f"--published {text}: '{unit}' is no unit of a count", "use k, M, G, T or Ki, Mi, Gi")
    power = ["", "k", "M", "G", "T", "P", "E"].index({"K": "k", "B": "G"}.get(unit.removesuffix("i"), unit[:1]))
    if number <= 0:
        raise UsageError(f"--published takes a figure above 0, got '{text}'")
    digits = re.match(r"[^.]*\.?(\d*)", bare)
    places = len(digits[1]) if digits else 0
    decimal, binary = 1000**power, 1024**power
    return Written(text.strip(), number, places, binary if unit in BINARY else decimal, binary)


def search(written: Written, analyse: Analyse, functional: Sequence[str] = ()) -> Search:
    """Try every figure of every scope under every setting of one param, with and without training."""
    matches: dict[tuple[str, int], Match] = {}
    others: list[Match] = []
    for match in _candidates(written, analyse, functional):
        if not match.way:
            others.append(match)
            continue
        key = (match.figure.kind, match.figure.value)
        if key not in matches or match.rank < matches[key].rank:
            matches[key] = match
    found = sorted(matches.values(), key=lambda match: (match.rank, written.distance(match.figure.value)))
    others.sort(key=lambda match: (written.distance(match.figure.value), match.rank))
    return Search(written, tuple(found), () if found else tuple(_distinct(others)))


def _candidates(written: Written, analyse: Analyse, functional: Sequence[str]) -> Iterator[Match]:
    for words, rank, report in _variants(analyse):
        tools = readings(report, functional)
        for scope in scopes(report):
            settings = tuple(filter(None, (words, scope.words)))
            for figure in figures(report, scope.layers, tools):
                way, unusual = written.way(figure.value) or ("", 0)
                yield Match(figure, settings, way, rank + scope.rank + figure.rank + unusual)


def _distinct(matches: Sequence[Match]) -> Iterator[Match]:
    seen: set[int] = set()
    for match in matches:
        if match.figure.kind != SIZE and match.figure.value not in seen:
            seen.add(match.figure.value)
            yield match
        if len(seen) == _NEAREST:
            return


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
