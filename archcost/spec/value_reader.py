"""Reading single values of a spec: text, names, mappings, templates, references; problems are noted at the value."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from archcost.dtypes import DTYPE_BYTES
from archcost.errors import Diagnostic, suggestion
from archcost.meter import Meter
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expressions import Expression, ExpressionError
from archcost.spec.functions import BoundError, measure
from archcost.spec.model import MORE, Reference
from archcost.spec.template import Template
from archcost.spec.vocabulary import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.errors import Mark
    from archcost.spec.document import Value
    from archcost.spec.model import References
    from archcost.spec.problems import Problems

DECLARATION = 50  # steps of work of a param or an input
BODY = 200  # of a block or a branch: more than a step in it allows
_SHOWN = 60  # characters of a value in a message
_NO_MAPPING = "expected a value or a list, got a mapping"
MERGE_HELP = "YAML's merge keys are not part of YAML 1.2: share steps through a block with params"


class _MappingError(Exception):
    """A mapping stands where a value or a list is read."""

    def __init__(self, place: Value) -> None:
        super().__init__()
        self.place = place


class Reader:
    """Reads values; ``problems`` collects what is wrong, ``meter`` counts the work."""

    def __init__(self, problems: Problems, meter: Meter | None = None) -> None:
        self.problems = problems
        self.meter = meter or Meter()
        self._expressions: dict[str, Expression] = {}  # by their text

    def report(self, message: str, place: Value | Mark, help: str = "") -> None:  # noqa: A002 - the word users see
        """Note a problem at a value or mark."""
        mark = place if isinstance(place, tuple) else place.mark
        self.problems.add(Diagnostic(message, mark, help))

    def fail(self, error: ExpressionError) -> None:
        """Note the problem of an expression."""
        if error.diagnostic is not None:
            self.problems.add(error.diagnostic)

    def template(self, value: Value, way_out: Callable[[], str] = str) -> Template | None:
        """A value with its expressions parsed; None (and a problem) when it cannot be read.

        ``way_out`` gives the help where a mapping is not expected.
        """
        try:
            data = self._data(value)
            measure(data)
            return Template(data, value.mark)
        except _MappingError as error:
            self.report(_NO_MAPPING, error.place, _brace_help(error.place) or way_out())
        except ExpressionError as error:
            self.fail(error)
        except BoundError as error:
            self.report(str(error), value)
        return None

    def expression(self, scalar: Scalar) -> Expression:
        """The expression that a scalar is; an equal text is parsed once. Raises ExpressionError."""
        mark = scalar.mark
        known = self._expressions.get(scalar.text)
        if known is None:
            known = self._expressions[scalar.text] = Expression(scalar.text, mark, self.meter)
        return known if known.mark == mark else known.at(mark)

    def _data(self, value: Value) -> Any:
        if isinstance(value, Scalar):
            if isinstance(value.value, str) and value.value.startswith("$"):
                return self.expression(value)
            return value.value
        if isinstance(value, Sequence):
            return [self._data(item) for item in value.items]
        raise _MappingError(value)

    def text(self, value: Value, what: str) -> str | None:
        """A string scalar."""
        if isinstance(value, Scalar) and isinstance(value.value, str) and not value.value.startswith("$"):
            if value.value.replace("\n", "").isprintable():
                return value.value
            self.report(f"{what} holds control characters", value)
            return None
        hint = ""
        if isinstance(value, Scalar) and value.text:
            hint = "expressions are not read here" if value.text.startswith("$") else f'quote it: "{brief(value)}"'
        self.report(f"{what} must be text, got {brief(value)}", value, hint)
        return None

    def name(self, key: Scalar, what: str) -> bool:
        """Whether a key can be a name in expressions and paths."""
        text = key.text
        if not text.isidentifier() or iskeyword(text):
            hint = (
                "expressions use this word themselves"
                if iskeyword(text)
                else "names are letters, digits and _, not a digit first"
            )
            self.report(f"'{brief(key)}' cannot name {what}", key, merge_help(text) or hint)
        elif text in RESERVED:
            hint = f"choose another name, such as `own_{text}`"
            self.report(f"'{text}' cannot name {what}: expressions use it already", key, hint)
        else:
            return True
        return False

    def label(self, key: Scalar, what: str, text: str | None = None) -> bool:
        """Whether a key, or a text in it, can be a part of a path: the name of a block, a branch or a step."""
        text = key.text if text is None else text
        if not text or text.startswith("$") or "." in text or not text.isprintable() or any(map(str.isspace, text)):
            hint = merge_help(text) or "a name has no dots and no spaces, and does not begin with $"
            self.report(f"'{brief(key)}' cannot name {what}", key, hint)
            return False
        return True

    def mapping(self, value: Value, what: str, way_out: Callable[[], str] = str) -> Mapping | None:
        """A mapping, or None (and a problem, for which ``way_out`` gives the help)."""
        if isinstance(value, Mapping):
            return value
        self.report(f"{what} must be a mapping of names to values, got {brief(value)}", value, way_out())
        return None

    def keys(self, mapping: Mapping, known: tuple[str, ...], what: str) -> list[str]:
        """Report keys that are not known; returns the keys that they stand for in other words."""
        found: list[str] = []
        for name, (key, _) in mapping.entries.items():
            if name not in known:
                from archcost.spec.helps.words import meant_key

                here = meant_key(name, known, mapping.entries)
                found += [here] if here else []
                hint = merge_help(name) or (f"it is `{here}` here" if here else "")
                hint = hint or suggestion(name, known, "keys", self.meter.hints)
                hint = hint or f"known keys: {', '.join(known)}"
                self.report(f"unknown key '{brief(key)}' in {what}", key, hint)
        return found

    def dtype(self, value: Value, known: tuple[str, ...] = tuple(DTYPE_BYTES)) -> str | None:
        """A dtype by torch's name."""
        text = self.text(value, "a dtype")
        if text is not None and text not in known:
            from archcost.spec.helps.words import dtype_help

            hint = dtype_help(text, known) or suggestion(text, known, "dtypes", self.meter.hints)
            hint = hint or f"known dtypes: {', '.join(known)}"
            self.report(f"unknown dtype '{brief(value)}'", value, hint)
            return None
        return text

    def names(self, value: Value, what: str) -> tuple[list[str], bool]:
        """One or several different names, and whether the last one stands for more: ``maps...``."""
        items = value.items if isinstance(value, Sequence) else [value]
        found: dict[str, None] = {}  # a set in order
        more = False
        for item in items:
            self.meter.spend(DECLARATION, item.mark)
            text = item.text.removesuffix(MORE) if isinstance(item, Scalar) else ""
            if not isinstance(item, Scalar) or item.value is None:
                self.report(f"{what} are names, got {brief(item)}", item)
            elif more:
                self.report(f"only the last name of {what} may stand for several ('{MORE}')", item)
            elif text in found:
                self.report(f"the name '{brief(item)}' appears twice", item)
            elif self.label(item, "an input", text):
                found[text] = None
                more = text != item.text
        if not items:
            self.report(f"{what} must hold a name at least", value)
        return list(found) if len(found) == len(items) else [], more

    def references(self, value: Value, what: str) -> References:
        """An id, a list of ids, or an expression that gives them; unreadable ones have an empty name."""
        if isinstance(value, Scalar) and value.text.startswith("$"):
            template = self.template(value)
            if template is None:
                return [Reference("", value.mark)]
            expression: Expression = template.value
            return expression
        references = []
        if isinstance(value, Sequence) and not value.items and what == "outputs":
            self.report("'outputs' is empty", value, "leave it out to return the result of the last step")
            return [Reference("", value.mark)]
        for item in value.items if isinstance(value, Sequence) else [value]:
            if isinstance(item, Scalar) and item.text and item.value is not None and not item.text.startswith("$"):
                references.append(Reference(item.text, item.mark))
                continue
            hint = "write `from: id` or `from: [id, id]`" if what == "from" else f"write `{what}: [id, id]`"
            if isinstance(item, Scalar) and item.text.startswith("$"):
                hint = f"one expression stands for the whole list: `{what}: $(…)`"
            self.report(f"'{what}' takes ids, got {brief(item)}", item, hint)
            references.append(Reference("", item.mark))
        return references


def brief(value: Value) -> str:
    """A value in a few words, for messages."""
    if isinstance(value, Scalar):
        text = value.text.replace("\n", " ")
        return (text if len(text) <= _SHOWN else text[:_SHOWN] + "…") or "nothing"
    return "a list" if isinstance(value, Sequence) else "a mapping"


def is_lone_brace(value: Value) -> bool:
    """Whether a value is a mapping such as ``{name}``, which is the template syntax of other tools."""
    return (
        isinstance(value, Mapping)
        and value.flow
        and all(brief(item) == "nothing" for _, item in value.entries.values())
    )


def _brace_help(value: Value) -> str:
    """The help for ``{name}`` in place of ``$name``; empty for any other value."""
    if not is_lone_brace(value):
        return ""
    name = next(iter(value.entries), "") if isinstance(value, Mapping) else ""
    way_out = f"write `${name}`" if name.isidentifier() else "quote an expression"
    return f"{way_out}: `{{}}` is a mapping in YAML"


def merge_help(name: str) -> str:
    """The help for YAML 1.1's merge key."""
    return MERGE_HELP if name == "<<" else ""
