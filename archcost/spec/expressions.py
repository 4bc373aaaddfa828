"""``$name`` and ``$(…)``: expressions over names, with arithmetic, comparison and a few functions.

Evaluated by simpleeval with a closed set of syntax and bounded operators, so that a spec can neither run code nor take
long: integers stay below 2¹²⁸, lists below 100,000 items, and every character parsed, node evaluated and item touched
counts on the meter of the spec (:mod:`archcost.meter`).
"""

# long: the closed set of what an expression may do: what is safe is judged in one place

from __future__ import annotations

import ast
import re
import warnings
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from simpleeval import InvalidExpression, NameNotDefined, SimpleEval

from archcost.errors import Diagnostic, Mark, Source, suggestion
from archcost.meter import Meter
from archcost.spec.functions import FUNCTIONS, OPERATORS, BoundError, brief, measure
from archcost.spec.items import ItemError, item

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from typing import TypeAlias

    Evaluation: TypeAlias = Callable[["Expression", Mapping[str, Any], Container[str]], Any]

MAX_LENGTH = 1000  # characters of an expression
MAX_LEVELS = 600  # of what stands in one another in it
_PARSING = 8  # steps of work of a character that is parsed
_EVALUATION = 5  # of a node that is evaluated, beside what its value holds
WORK_OF_NUMBER = _EVALUATION + 1  # of a node whose value is a number
INDEX = "i"  # of the rounds of a repeated step, where nothing else is said
INPUT_NAMES = ("in_shape", "in_channels", "in_features")
QUOTE_IN_FLOW = 'YAML ends a value at ` #`, and inside of {} and [] at a comma: quote the expression, "$(…)"'
_WHOLE = "write `$name`, or `$(…)` around all of it"
SPELLING = {"true": "True", "false": "False", "null": "None"}
_SHOWN = 120
_SMALL = 2**64  # an integer that is known to stay below the limits


class _Unknown:
    """Stands for the value of a name whose own problem is reported already."""

    def __repr__(self) -> str:
        return "an unknown value"


UNKNOWN: Any = _Unknown()


class Divided:
    """Stands for the value of a param that would need two at once: whatever asks for it is wrong, and told why."""

    def __init__(self, name: str, reason: str, help: str) -> None:  # noqa: A002 - the word users see
        self.name = name
        self.reason = reason
        self.help = help

    def problem(self, mark: Mark | None) -> Diagnostic:
        """The problem of an expression that needs the value."""
        return Diagnostic(f"'{self.name}' has no one value here: {self.reason}", mark, self.help)


def has_value(value: object) -> bool:
    """Whether a name stands for a value, and not for why there is none."""
    return value is not UNKNOWN and type(value) is not Divided


class Names(dict[str, Any]):
    """Names and their values, those of an outer scope behind them; all of them evaluate on one meter."""

    __slots__ = ("evaluator", "outer")

    def __init__(self, own: Mapping[str, Any], outer: Names | None = None, meter: Meter | None = None) -> None:
        super().__init__(own)
        self.outer = outer
        self.evaluator: _Evaluator = outer.evaluator if outer is not None else _Evaluator(meter or Meter())

    @property
    def meter(self) -> Meter:
        """What counts the work of expressions over these names."""
        return self.evaluator.meter

    def __missing__(self, name: str) -> Any:
        if self.outer is None:
            raise KeyError(name)
        return self.outer[name]

    def known(self) -> list[str]:
        """All names, the nearest first."""
        return [*self, *(self.outer.known() if self.outer is not None else ())]


class ExpressionError(Exception):
    """An expression cannot be read or evaluated.

    ``diagnostic`` is None when it depends on a name whose own problem is reported already; ``cause`` is the param that
    was set to what it is not, and leads to as many problems as it has uses.
    """

    def __init__(self, diagnostic: Diagnostic | None, cause: str = "") -> None:
        super().__init__(diagnostic.message if diagnostic else "an earlier problem")
        self.diagnostic = diagnostic
        self.cause = cause


class _Evaluator(SimpleEval):  # type: ignore[misc]  # simpleeval has no types
    """simpleeval with the language's operators, functions and syntax, and nothing else."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(operators=OPERATORS, functions=FUNCTIONS, names={})
        handlers: dict[type[ast.AST], Callable[[Any], Any]] = dict(vars(self)["nodes"])
        handlers[ast.List] = lambda node: [self._eval(one) for one in node.elts]
        handlers[ast.Subscript] = lambda node: item(node, self._eval(node.value), self._eval(node.slice))
        self.nodes = {kind: handler for kind, handler in handlers.items() if issubclass(kind, _SYNTAX)}
        self.expr = ""  # for messages of its own
        self.meter = meter
        self.set_otherwise: dict[str, str] = {}  # by params that were set to what they are not by default: how to set
        self.mark: Mark | None = None  # of the expression that is evaluated
        # What evaluates where names stand for the values of many candidates; None: each name has one value.
        self.of_candidates: Evaluation | None = None

    def _eval(self, node: ast.AST) -> Any:
        """The value of one node, its size bounded; its work is counted."""
        kind = type(node)
        value: Any
        if kind is ast.Constant:
            value = node.value  # type: ignore[attr-defined]  # no longer than the expression, whose length is bounded
        elif kind is ast.Name:
            try:
                value = self.names[node.id]  # type: ignore[attr-defined]
            except KeyError:
                raise NameNotDefined(node.id, "") from None  # type: ignore[attr-defined]
            if value is UNKNOWN:
                raise ExpressionError(None)
            if type(value) is Divided:
                raise ExpressionError(value.problem(self.mark))
        elif kind is ast.BinOp:
            value = OPERATORS[type(node.op)](self._eval(node.left), self._eval(node.right))  # type: ignore[attr-defined]
        else:
            value = self.nodes[kind](node)
        meter = self.meter
        if type(value) is int and -_SMALL < value < _SMALL:
            meter.spent += WORK_OF_NUMBER
        else:
            meter.spent += _EVALUATION + measure(value)
        if meter.spent > meter.allowed:
            raise meter.error(self.mark)
        return value


class Expression:
    """A parsed expression and its place; evaluated as often as its names change."""

    __slots__ = ("alone", "mark", "names", "text", "tree", "uses_input")

    def __init__(self, text: str, mark: Mark, meter: Meter | None = None) -> None:
        """Parse ``$name`` or ``$(…)``; raises ExpressionError, and WorkError beyond what the meter allows."""
        if meter is not None:
            meter.spend(_PARSING * min(len(text), MAX_LENGTH), mark)
        self.text = text
        self.mark = mark
        self.tree, self.names = _known.get(text) or _remembered(text, mark)
        self.alone = self.tree.id if isinstance(self.tree, ast.Name) else ""  # the name that is all of it
        self.uses_input = not self.names.isdisjoint(INPUT_NAMES)

    def at(self, mark: Mark) -> Expression:
        """The same expression at another place, without parsing it again."""
        other = object.__new__(Expression)
        other.text, other.mark, other.tree = self.text, mark, self.tree
        other.names, other.alone, other.uses_input = self.names, self.alone, self.uses_input
        return other

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, names: Mapping[str, Any], later: Container[str] = ()) -> Any:
        """The value under ``names``; raises ExpressionError and WorkError. ``later`` are params without a value yet."""
        evaluator = names.evaluator if isinstance(names, Names) else _Evaluator(Meter())
        if self.alone:  # most are a name that stands for a number: as below, without the way there
            try:
                value = names[self.alone]
            except KeyError:
                value = UNKNOWN
            kind = type(value)
            if kind is bool or (kind is int and -_SMALL < value < _SMALL):
                evaluator.meter.spend(WORK_OF_NUMBER, self.mark)
                return value
        if evaluator.of_candidates is not None:
            return evaluator.of_candidates(self, names, later)
        return self.evaluated(evaluator, names, later)

    def evaluated(self, evaluator: _Evaluator, names: Mapping[str, Any], later: Container[str] = ()) -> Any:
        """The value as an evaluator gives it; as :meth:`evaluate`, which knows of a quicker way for a name alone."""
        evaluator.names = names
        evaluator.mark = self.mark
        try:
            return evaluator._eval(self.tree)  # noqa: SLF001 - what `eval` does beyond it is to parse
        except NameNotDefined as error:
            known = names.known() if isinstance(names, Names) else list(names)
            raise ExpressionError(self.unknown_name(error.name, known, evaluator.meter, later)) from None
        except ItemError as error:
            cause, hint = set_otherwise((self,), evaluator)
            message = f"{shortened(self.text)} cannot be evaluated: {error}"
            raise self._error(message, error.hint or hint, "" if error.hint else cause) from None
        except BoundError as error:
            raise self._error(f"{error}: {shortened(self.text)}") from None
        except RecursionError:
            raise self._error(f"the expression nests too deeply: {shortened(self.text)}") from None
        except OverflowError:
            raise self._error(f"{shortened(self.text)} is too large a number") from None
        except (ArithmeticError, TypeError, ValueError, IndexError, InvalidExpression) as error:
            cause, hint = set_otherwise((self,), evaluator)
            raise self._error(f"{shortened(self.text)} cannot be evaluated: {error}", hint, cause) from None

    def unknown_name(self, name: str, names: list[str], meter: Meter, later: Container[str] = ()) -> Diagnostic:
        """The problem that a name is not among ``names``; ``later`` are params that come after this one."""
        text = shortened(self.text)
        if name in INPUT_NAMES:
            message = f"'{name}' in {text} has no value here"
            hint = "it is that of a step's or block's input: in_channels is dim 1, in_features the last dim"
            return Diagnostic(message, self.mark, hint)
        if name in later:
            hint = f"a param sees those before it: put '{name}' first"
        elif name == INDEX:
            hint = "it is the index of `repeat`, seen in that step and its branches; a block gets it as a param"
        elif name in SPELLING:
            hint = f"write `{SPELLING[name]}` in expressions"
        else:
            meter.spend(len(names), self.mark)
            hint = suggestion(name, sorted({*names}), "names", meter.hints)
        return Diagnostic(f"unknown name '{name}' in {text}", self.mark, hint)

    def _error(self, message: str, hint: str = "", cause: str = "") -> ExpressionError:
        return ExpressionError(Diagnostic(message, self.mark, hint), cause)


def set_otherwise(expressions: Sequence[Expression], evaluator: _Evaluator) -> tuple[str, str]:
    """The param that these expressions use and that was set to what it is not by default, and how to set it."""
    used = {name for expression in expressions for name in expression.names}
    return next(((name, hint) for name, hint in evaluator.set_otherwise.items() if name in used), ("", ""))


# --- what was read before ---------------------------------------------------------------------------------------------

_Read = tuple[ast.expr, frozenset[str]]  # a tree, which nobody changes, and the names of values in it
_known: dict[str, _Read] = {}  # by text: the specs of a zoo and their blocks say the same again and again
_MOST = 2000  # that are kept


def _remembered(text: str, mark: Mark) -> _Read:
    """The tree and the names of a text that is new; raises ExpressionError."""
    tree, nodes = _parse(text, mark)
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = frozenset([node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in functions])
    for name in names & FUNCTIONS.keys():
        message = f"'{name}' in {shortened(text)} is a function, not a value"
        raise ExpressionError(Diagnostic(message, mark, f"write `{name}(…)`"))
    if len(_known) >= _MOST:
        _known.clear()
    _known[text] = tree, names
    return tree, names


# --- reading --------------------------------------------------------------------------------------------------------

_SYNTAX = (
    ast.Expression,
    ast.Expr,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.List,
    ast.Call,
    ast.keyword,
    *OPERATORS,
)
_SPOKEN = {
    ast.Attribute: "attributes (`a.b`)",
    ast.JoinedStr: "f-strings",
    ast.Lambda: "lambdas",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.Tuple: "tuples (write a list: `[a, b]`)",
    ast.Dict: "mappings",
    ast.Set: "sets",
    ast.NamedExpr: "assignments",
    ast.Starred: "`*`",
    ast.Is: "`is` (write `==`)",
    ast.IsNot: "`is not` (write `!=`)",
    ast.MatMult: "the operator `@`",
    ast.BitAnd: "the operator `&` (write `and`)",
    ast.BitOr: "the operator `|` (write `or`)",
    ast.BitXor: "the operator `^` (a power is `**`)",
    ast.Invert: "the operator `~` (write `not`)",
    ast.LShift: "the operator `<<`",
    ast.RShift: "the operator `>>`",
}
_HAS = "arithmetic, comparison, `and or not`, `a if c else b`, indexing, lists and functions are there"
_LEAVES = frozenset((ast.Name, ast.Constant, ast.Load, ast.And, ast.Or, *OPERATORS))
_FINE = frozenset((ast.Name, ast.Load, ast.BinOp, *OPERATORS))
_NUMBERS = (int, float, str)
_WARNS = re.compile(r"\\|\d[A-Za-z_]")  # what makes Python's parser print a warning


def shortened(text: str) -> str:
    """An expression as messages show it."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _parse(text: str, mark: Mark) -> tuple[ast.expr, list[ast.AST]]:
    """The tree of an expression, and its nodes, all of them allowed."""
    body = text[1:]
    if len(body) > MAX_LENGTH:
        raise ExpressionError(Diagnostic(f"the expression is longer than {MAX_LENGTH} characters", mark))
    if not body.startswith("(") and (not body.isidentifier() or iskeyword(body)):
        raise ExpressionError(Diagnostic(f"'{shortened(text)}' is not an expression", mark, _whole(body)))
    if not body.strip("() "):
        raise ExpressionError(Diagnostic(f"the expression {text} is empty", mark))
    tree = _tree(body, text, mark)
    nodes = _nodes(tree)
    for node in nodes:
        _check_syntax(node, text, mark)
    if body.startswith("(") and not _encloses(body):
        raise ExpressionError(Diagnostic(f"'{shortened(text)}' goes on after the `)`", mark, _whole(body)))
    return tree, nodes


def _whole(body: str) -> str:
    """The help for an expression that lacks the parentheses around all of it."""
    if body.count("(") > body.count(")"):
        return QUOTE_IN_FLOW
    inner = body.replace("$", "")
    if not inner.strip("() "):
        return _WHOLE
    try:
        _tree(f"({inner})", inner, Mark(Source("", ""), 0, 0))
    except ExpressionError:
        return _WHOLE
    return f"write `$({inner})`"


def _tree(body: str, text: str, mark: Mark) -> ast.expr:
    tree = _parsed(body, text, mark)
    if len(body) > MAX_LEVELS and _levels(tree) > MAX_LEVELS:
        raise ExpressionError(Diagnostic(f"the expression nests too deeply: {shortened(text)}", mark))
    return tree


def _levels(tree: ast.AST) -> int:
    """How deep a tree is, whatever Python's own limit is set to."""
    nodes, levels = [tree], 0
    while nodes:
        below: list[ast.AST] = []
        for node in nodes:
            if isinstance(node, ast.BinOp):
                below += (node.left, node.right)  # beside its operator, which has nothing below
            elif type(node) not in _LEAVES or isinstance(node, ast.Name):
                below += ast.iter_child_nodes(node)
        nodes = below
        levels += 1
    return levels


def _parsed(body: str, text: str, mark: Mark) -> ast.expr:
    try:
        if not _WARNS.search(body):
            return ast.parse(body, mode="eval").body
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is too complex"
        hint = QUOTE_IN_FLOW if body.count("(") > body.count(")") else ""
        raise ExpressionError(Diagnostic(f"{shortened(text)} cannot be read: {reason}", mark, hint)) from None


def _encloses(body: str) -> bool:
    """Whether the first parenthesis is closed by the last: ``(a) + (b)`` is not one pair."""
    if not body.endswith(")"):
        return False
    inner = body[1:-1]
    if not 0 <= inner.find(")") < (inner.find("(") if "(" in inner else len(inner)):
        return True
    try:
        ast.parse(inner.strip(), mode="eval")
    except SyntaxError:
        return False
    return True


def _nodes(tree: ast.expr) -> list[ast.AST]:
    """The nodes of a tree, level by level, without those that have nothing to check."""
    found: list[ast.AST] = [tree]
    for node in found:  # grows
        if isinstance(node, ast.BinOp):
            found += (node.left, node.op, node.right)
        elif type(node) not in _LEAVES:
            found += ast.iter_child_nodes(node)
    return found


def _check_syntax(node: ast.AST, text: str, mark: Mark) -> None:
    if type(node) in _FINE or (isinstance(node, ast.Constant) and type(node.value) in _NUMBERS):
        return
    text = shortened(text)
    if not isinstance(node, _SYNTAX):
        what = _SPOKEN.get(type(node), f"`{type(node).__name__.lower()}`")
        raise ExpressionError(Diagnostic(f"{text} uses {what}, which expressions do not have", mark, _HAS))
    if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float, str, type(None))):
        raise ExpressionError(Diagnostic(f"{text} holds {brief(node.value)}, neither a number nor text", mark))
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                _check_syntax(node.func, text, mark)
            raise ExpressionError(Diagnostic(f"{text} calls what is not a function", mark, "a product needs its `*`"))
        name = node.func.id
        if name not in FUNCTIONS:
            hint = suggestion(name, list(FUNCTIONS), "functions")
            hint = hint or f"the functions are {', '.join(FUNCTIONS)}"
            raise ExpressionError(Diagnostic(f"unknown function '{name}' in {text}", mark, hint))
        if node.keywords and name != "make_divisible":
            raise ExpressionError(Diagnostic(f"{name}() in {text} takes no named arguments", mark))
