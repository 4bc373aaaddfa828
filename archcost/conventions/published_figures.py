"""A figure that people may have published: its kind, its value, and the sum that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.conventions.model import Amount

PARAMS = "params"
MACS = "MACs"
FLOPS = "FLOPs"
BYTES = "bytes"
ARITHMETIC = (MACS, FLOPS)
_USUAL = 2  # the rank of what many publish


class Term(NamedTuple):
    """One term of a sum: its signed amount, what it is, and the product that it comes from, if that says more."""

    amount: Amount
    what: str
    product: str = ""  # 2·1,024·768

    @property
    def text(self) -> str:
        """The term without its sign: ``2·1,024·768 of wpe``."""
        size = max(self.amount, -self.amount)
        number = f"{size:,}" if isinstance(size, int) else f"{float(size):,.2f}"
        return f"{self.product or number} {self.what}".rstrip()


class CandidateFigure(NamedTuple):
    """A number that may have been published: what it is, how far from the usual reading (``rank``), and its sum.

    The value is ``times`` × the sum of the terms, rounded down, divided by ``share`` (rounded down).
    """

    what: str
    value: int
    rank: int
    kind: str
    terms: tuple[Term, ...] = ()
    times: int = 1
    share: int = 1

    @property
    def arithmetic(self) -> str:
        """``2 × (5,160,960 MACs + 196,608 batch norm) = 10,715,136``; empty where the value says it all."""
        if len(self.terms) < 2 and self.times == self.share == 1 and not any(term.product for term in self.terms):  # noqa: PLR2004 - a sum has two terms
            return ""
        inner = "".join(_signed(self.terms))
        if self.times != 1 or self.share != 1:
            inner = f"({inner})" if len(self.terms) > 1 else inner
        multiple = f"{self.times} × " if self.times != 1 else ""
        share = f" / {self.share}" if self.share != 1 else ""
        return f"{multiple}{inner}{share} = {self.value:,}"


def figure(
    what: str, rank: int, kind: str, terms: Iterable[Term], *, times: int = 1, share: int = 1
) -> CandidateFigure:
    """A figure from its terms; terms of 0 are left out."""
    chosen = tuple([term for term in terms if term.amount])
    total: Amount = 0
    for term in chosen:
        total += term.amount
    return CandidateFigure(what, int(times * total) // share, rank, kind, chosen, times, share)


def merged(found: Iterable[CandidateFigure]) -> Iterator[CandidateFigure]:
    """Equal figures of a kind once, named by all that give them with " = ", the usual one first; none that is 0.

    What is unusual in itself goes unnamed beside what is not: half of torch's FLOPs are mostly just MACs.
    """
    groups: dict[tuple[str, int], list[CandidateFigure]] = {}
    for each in found:
        if each.value > 0:
            groups.setdefault((each.kind, each.value), []).append(each)
    for same in groups.values():
        same.sort(key=lambda each: each.rank)
        named = [each.what for each in same if each.rank <= max(same[0].rank, _USUAL)]
        yield same[0]._replace(what=" = ".join(dict.fromkeys(named)))


def product(sizes: Sequence[int]) -> str:
    """``1,024·768``."""
    return "·".join(f"{size:,}" for size in sizes)


def _signed(terms: Sequence[Term]) -> Iterator[str]:
    for index, term in enumerate(terms):
        sign = ("− " if term.amount < 0 else "+ ") if index or term.amount < 0 else ""
        yield f"{' ' if index else ''}{sign}{term.text}"
