"""The text of a condition as an expression: numbers with units, shares of the default design, params by their names.

A condition is written in the language of specs. Beside it there are quantities, ``5 M``, ``64 MiB``, ``12 ms``, shares
``50%`` of what the default design has of the metric they are compared with, and ``param.NAME`` for a param that is
called like a metric.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import ArgumentError, Diagnostic, Mark, Source
from archcost.figures import BYTES as OF_BYTES
from archcost.figures import METRICS, TIME
from archcost.quantities import BINARY, BYTES, DECIMAL, NANOSECONDS
from archcost.spec.expressions import MAX_LENGTH, Expression, ExpressionError, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from fractions import Fraction

OPTION = "--where"
PARAM = "_param_"  # before the name of a param that was written `param.NAME`
_SHARE = "_share_"
_QUANTITY = "_quantity_"
_UNITS = {**DECIMAL, **BINARY, **BYTES, **NANOSECONDS}
_COUNTS = {**DECIMAL, **BINARY}
_TAKES: dict[str, tuple[Mapping[str, int], str]] = {  # by what a metric is measured in: its units, and in words
    OF_BYTES: (BYTES, "bytes: write B, kB, MB, GB or KiB, MiB, GiB"),
    TIME: (NANOSECONDS, "a time: write ns, µs, ms or s"),
}
_COUNTED = (_COUNTS, "a count: write k, M, G, T (powers of 1000) or Ki, Mi, Gi (powers of 1024)")
_TOKEN = re.compile(
    r"""(?P<text>"[^"]*"|'[^']*')
      | (?P<param>\bparam\.(?P<name>[A-Za-z_]\w*))
      | (?<![\w.])(?P<number>(?:\d+(?:[_,]\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?)
        (?:\s*(?P<unit>[A-Za-zµμ]+)\b
          |\s*(?P<percent>%)(?=\s*(?:$|[)<>=!,\]]|and\b|or\b|if\b|else\b))
          |(?P<share>%)(?=\s*[-+*/]))?""",
    re.VERBOSE,
)
_WORDS = frozenset(("and", "or", "not", "if", "else", "in", "is"))
HELP = "write it like `params <= 5 M and macs <= 300 M`, `width >= 0.5`, `activation_bytes < 64 MiB`"


class _Quantity(NamedTuple):
    """A number with a unit, and its place."""

    number: Fraction
    unit: str
    mark: Mark

    def of(self, metric: str) -> Fraction:
        """The value, beside a metric if there is one; raises ArgumentError where that has no such unit."""
        if not metric:
            return self.number * _UNITS[self.unit]
        units, told = _TAKES.get(METRICS[metric].unit if metric in METRICS else "", _COUNTED)
        if self.unit not in units:
            message = f"'{self.mark.source.text[self.mark.column :][: self.mark.length]}' is no amount of {metric}"
            raise ArgumentError(Diagnostic(message, self.mark, f"{metric} is {told}"))
        return self.number * units[self.unit]


class Condition:
    """A condition as it was written, and as an expression."""

    def __init__(self, text: str, expression: Expression) -> None:
        self.text = text
        self.expression = expression


def read_condition(
    text: str, metrics: Container[str], reference: Callable[[str], int], option: str = OPTION
) -> Condition:
    """A condition; raises ArgumentError. ``reference`` gives a metric of the default design, for shares of it."""
    mark = Mark(Source(option, text), 0, 0, max(1, len(text)))
    shares: list[Fraction] = []
    quantities: list[_Quantity] = []

    def plain(match: re.Match[str]) -> str:
        if match["param"]:
            return PARAM + match["name"]
        if match["number"]:
            return _number(match, mark, shares, quantities)
        return match[0]

    if not text.strip():
        raise ArgumentError(Diagnostic("the condition is empty", mark, HELP))
    if len(text) > MAX_LENGTH:
        raise ArgumentError(Diagnostic(f"the condition is longer than {MAX_LENGTH} characters", mark, HELP))
    written = _TOKEN.sub(plain, text)
    if quantities:
        written = _without_units(written, quantities, metrics)
    if shares:
        written = _without_shares(written, shares, metrics, reference, mark)
    try:
        return Condition(text.strip(), Expression(f"$({written})", mark))
    except ExpressionError as error:
        diagnostic = error.diagnostic or Diagnostic("the condition cannot be read", mark)
        told = as_typed(diagnostic.message, f"$({written})", text.strip())
        raise ArgumentError(diagnostic._replace(message=told, help=diagnostic.help or HELP)) from None


def as_typed(message: str, written: str, text: str) -> str:
    """A message about an expression, shortened there if it is long, as one about the text that was typed."""
    return message.replace(written, text).replace(shortened(written), text)


def _number(match: re.Match[str], mark: Mark, shares: list[Fraction], quantities: list[_Quantity]) -> str:
    """A number, as it is; a share, or a number with a unit, as a name that stands for it."""
    from fractions import Fraction

    value = Fraction(match["number"].replace("_", "").replace(",", ""))
    unit, rest = match["unit"], ""
    if unit in _WORDS:
        unit, rest = None, match[0][len(match["number"]) :]
    if match["percent"] or match["share"]:
        shares.append(value / 100)
        return f"{_SHARE}{len(shares) - 1}"
    if unit:
        if unit not in _UNITS:
            place = mark._replace(column=match.start(), length=len(match[0]))
            hint = "units are k, M, G, T, Ki, Mi, Gi, of bytes kB, MB, GB, KiB, MiB, GiB, of times ns, µs, ms, s"
            raise ArgumentError(Diagnostic(f"'{match[0]}' has an unknown unit", place, hint))
        quantities.append(_Quantity(value, unit, mark._replace(column=match.start(), length=len(match[0]))))
        return f"{_QUANTITY}{len(quantities) - 1}"
    plain = "." not in match["number"]
    return _literal(value if plain else None, match["number"]) + rest


def _without_units(written: str, quantities: list[_Quantity], metrics: Container[str]) -> str:
    """The text with each number that has a unit as a plain one, exact: ``5 M`` as 5000000.

    Raises ArgumentError where the metric that it is compared with is measured in something else.
    """
    kinds: dict[str, str] = {}
    tree = _parsed(written)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            names = [each.id for each in operands if isinstance(each, ast.Name) and each.id in metrics]
            kinds.update(dict.fromkeys(_quantities_in(operands), names[0]) if names else {})
    for number, quantity in enumerate(quantities):
        name = f"{_QUANTITY}{number}"
        written = re.sub(rf"\b{name}\b", _literal(quantity.of(kinds.get(name, "")), ""), written)
    return written


def _quantities_in(operands: Iterable[ast.expr]) -> list[str]:
    """The numbers with units in those operands of a comparison that have no other names: `5 M`, `2 * 5 M`."""
    named = [[node.id for node in ast.walk(each) if isinstance(node, ast.Name)] for each in operands]
    return [name for names in named if all(name.startswith(_QUANTITY) for name in names) for name in names]


def _parsed(written: str) -> ast.Expression | None:
    """The tree of a text; None where it is none, which the expression tells."""
    try:
        return ast.parse(f"({written})", mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _literal(value: Fraction | None, written: str) -> str:
    """A number as expressions have it: a whole number where it is one and was not written with a point."""
    if value is None:
        return written
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def _without_shares(
    written: str, shares: list[Fraction], metrics: Container[str], reference: Callable[[str], int], mark: Mark
) -> str:
    """The text with each share of a metric as a number: that of the metric that it is compared with."""
    tree = _parsed(written)
    if tree is None:
        return written
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            names = [each.id for each in (node.left, *node.comparators) if isinstance(each, ast.Name)]
            known = [name for name in names if name in metrics]
            found.update({name: known[0] for name in names if name.startswith(_SHARE) and known})
    for number, share in enumerate(shares):
        metric = found.get(f"{_SHARE}{number}")
        if metric is None:
            hint = "a share is of the default design: compare a metric with it alone, `macs <= 50%`"
            raise ArgumentError(Diagnostic("a share of what? no metric is compared with it", mark, hint))
        value = share * reference(metric)
        written = re.sub(rf"\b{_SHARE}{number}\b", _literal(value, ""), written)
    return written


def truth(expression: Expression, names: Mapping[str, Any], told: Callable[[ExpressionError], ArgumentError]) -> bool:
    """Whether a condition holds under names; raises ArgumentError where it is neither true nor false."""
    try:
        value = expression.evaluate(names)
    except ExpressionError as error:
        raise told(error) from None
    if not isinstance(value, bool):
        raise ArgumentError(
            Diagnostic("the condition is neither true nor false", expression.mark, "compare with something")
        )
    return value
