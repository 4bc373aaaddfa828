"""What is asked of a space, from the words of options: objectives, keys to sort by, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from archcost.errors import ArgumentError, Diagnostic, Source, suggestion
from archcost.sweeping.values import piece_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from archcost.hardware.device import Device
    from archcost.sweeping.values import Piece

Sense = Literal["min", "max"]
Objective = tuple[str, Sense]
BINS = 20
DEFAULT_METRICS = ("params", "macs")


class SortKey(NamedTuple):
    """A metric or what an axis sets, ascending unless ``falls``."""

    name: str
    falls: bool = False


class Question(NamedTuple):
    """A question: which designs (``where``, ``sample``), in which order, and what of them is wanted."""

    where: str = ""
    metrics: tuple[str, ...] = DEFAULT_METRICS
    pareto: tuple[Objective, ...] = ()
    sort: tuple[SortKey, ...] = ()
    top: int | None = None
    counts: bool = False
    histogram: str = ""
    sample: int | None = None
    seed: int = 0
    device: Device | None = None

    @property
    def lists_designs(self) -> bool:
        """Whether designs are listed, and not only counted."""
        return not self.counts and not self.histogram

    @property
    def used(self) -> frozenset[str]:
        """The metrics and names that order designs or choose among them, the condition aside."""
        return frozenset([name for name, _ in self.pareto] + [key.name for key in self.sort])


def read_objectives(text: str, metrics: Collection[str], option: str = "--pareto") -> tuple[Objective, ...]:
    """``min:macs,max:params``; raises ArgumentError."""
    found: dict[str, Sense] = {}
    for piece in _pieces(text, option):
        sense, colon, name = piece.text.partition(":")
        if not colon or sense not in ("min", "max"):
            raise piece.wrong(f"'{piece.text}' is no objective", "write `min:METRIC` or `max:METRIC`")
        _check(_behind(piece, len(sense) + 1), metrics, "metrics")
        if name in found:
            raise piece.wrong(f"'{name}' is an objective already")
        found[name] = cast("Sense", sense)
    if len(found) < 2:  # noqa: PLR2004 - a front of one is the best
        whole = piece_of(Source(option, text), 0, len(text))
        raise whole.wrong(
            "a front has two objectives at least", f"`--sort {next(iter(found))} --top 1` has the best in one"
        )
    return tuple(found.items())


def usual_plane(metrics: Sequence[str]) -> tuple[Objective, Objective]:
    """Where nobody said: least of one of the first two metrics, MACs where they are one, and most of the other."""
    first, second = sorted(metrics[:2], key=lambda name: name != "macs")
    return (first, "min"), (second, "max")


def read_keys(text: str, names: Collection[str], option: str = "--sort") -> tuple[SortKey, ...]:
    """``-params,width``: descending with a minus; raises ArgumentError."""
    found = []
    for piece in _pieces(text, option):
        falls = piece.text.startswith("-")
        name = piece.text.removeprefix("-")
        _check(_behind(piece, int(falls)), names, "names to sort by")
        found.append(SortKey(name, falls))
    return tuple(found)


def read_metrics(text: str, metrics: Collection[str], option: str = "--metrics") -> tuple[str, ...]:
    """``params,macs``; raises ArgumentError."""
    found = []
    for piece in _pieces(text, option):
        _check(piece, metrics, "metrics")
        found.append(piece.text)
    return tuple(dict.fromkeys(found))


def read_metric(text: str, metrics: Collection[str], option: str) -> str:
    """One metric; raises ArgumentError."""
    _check(piece_of(Source(option, text), 0, len(text)), metrics, "metrics")
    return text.strip()


def _pieces(text: str, option: str) -> Iterable[Piece]:
    source, start = Source(option, text), 0
    for part in text.split(","):
        yield piece_of(source, start, start + len(part))
        start += len(part) + 1


def _behind(piece: Piece, characters: int) -> Piece:
    """A part without its first characters."""
    mark = piece.mark
    return piece_of(mark.source, mark.column + characters, mark.column + len(piece.text))


def _check(piece: Piece, known: Collection[str], what: str) -> None:
    if piece.text not in known:
        hint = suggestion(piece.text, list(known), what) or f"{what}: {', '.join(known)}"
        raise ArgumentError(Diagnostic(f"there is no '{piece.text}' here", piece.mark, hint))
