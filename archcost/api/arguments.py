"""What arguments of the public functions may be: their annotations, held against what arrives.

An annotation is the one place that says it; here is what each word of one lets through, and what messages call it. A
class is known by its name, so that nothing is imported for a check. Values (a dtype, a pattern, a size) are the
business of whoever reads them. Numbers of numpy become Python's, so that figures are ints to the end.
"""

from __future__ import annotations

import os
from functools import cache, wraps
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from archcost.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Test = Callable[[Any], bool]
    Function = TypeVar("Function", bound=Callable[..., Any])
    Class = TypeVar("Class", bound=type)

_MOST_SHOWN = 60  # characters of a wrong value
_VARARGS = 0x04  # in co_flags


class ArgumentKind(NamedTuple):
    """What a word of an annotation stands for in messages, and what it lets through; ``example`` is a right value."""

    words: str
    fits: Test
    example: str = ""


def _is_truth(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_")  # numpy's as well


def _is_list(value: object) -> bool:
    """Several values: no text, and no mapping."""
    return hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) and not hasattr(value, "items")


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not _is_truth(value)


def _is_mapping(value: Any) -> bool:
    return hasattr(value, "items") and all(isinstance(name, str) for name in value)


def _is_shape(value: Any) -> bool:
    return _is_list(value) and all(map(_whole, value))


def _is_inputs(value: Any) -> bool:
    return all(map(_is_shape, value.values())) if _is_mapping(value) else _is_shape(value)


def _is_objective(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)  # noqa: PLR2004


def _named(name: str) -> ArgumentKind:
    """A class by its name."""
    return ArgumentKind(f"a {name}", lambda value: any(each.__name__ == name for each in type(value).__mro__))


_PATH = ArgumentKind("a path", lambda value: isinstance(value, os.PathLike))
_TEXT = ArgumentKind("text", lambda value: isinstance(value, str))
_MAPPING = ArgumentKind("a mapping by name", _is_mapping, '{"width": 0.5}')
_FUNCTION = ArgumentKind("a function", callable)
_NUMBER = ArgumentKind("a number", lambda value: isinstance(value, Real) and not _is_truth(value))
_ANYTHING = ArgumentKind("anything", lambda _: True)
KINDS = {
    "Any": _ANYTHING,
    "AnyInputs": ArgumentKind("sizes without the batch, alone or by name", _is_inputs, "(3, 480, 640)"),
    "Fraction": _NUMBER,
    "Inputs": _ANYTHING,  # as `given_inputs` reads them
    "None": ArgumentKind("None", lambda value: value is None),
    "Objective": ArgumentKind("pairs such as ('macs', 'min')", _is_objective),
    "Track": _FUNCTION,
    "bool": ArgumentKind("True or False", _is_truth),
    "float": _NUMBER,
    "int": ArgumentKind("a whole number", _whole),
    "nn.Module": _named("Module"),
    "os.PathLike[str]": _PATH,
    "str": _TEXT,
    **{name: _named(name) for name in ("Device", "Report", "Spec", "Sweep")},
}
ALIASES = {"AnySpec": "Spec | str | os.PathLike[str]", "AnyDevice": "str | os.PathLike[str] | Device"}
_LISTS = ("Iterable[", "Sequence[")  # of which the elements are looked at, where there is more than one look


@cache
def kinds_of(annotation: str) -> tuple[ArgumentKind, ...]:
    """What an annotation lets through, a kind each; raises KeyError for a word that is in none of the tables."""
    return tuple([kind for word in _words(annotation) for kind in _kinds_of_word(word)])


def _kinds_of_word(word: str) -> tuple[ArgumentKind, ...]:
    if word in ALIASES:
        return kinds_of(ALIASES[word])
    if word.startswith(_LISTS):
        return (_several(kinds_of(word[len(_LISTS[0]) : -1])),)
    if word.startswith("Mapping[str, "):
        return (_MAPPING,)
    if word.startswith("Callable["):
        return (_FUNCTION,)
    return (KINDS[word],)


def _words(annotation: str) -> Iterator[str]:
    """The alternatives of a union."""
    start = depth = 0
    for place, character in enumerate(annotation):
        depth += (character == "[") - (character == "]")
        if character == "|" and not depth:
            yield annotation[start:place].strip()
            start = place + 1
    yield annotation[start:].strip()


def _several(kinds: tuple[ArgumentKind, ...]) -> ArgumentKind:
    """A list of what is of one of some kinds; what can be gone through only once is taken as it is."""

    def fits(value: Any) -> bool:
        if not _is_list(value):
            return False
        again = isinstance(value, (list, tuple, set, frozenset))
        return not again or all(any(kind.fits(each) for kind in kinds) for each in value)

    text = any(kind is _TEXT for kind in kinds)
    return ArgumentKind(f"a list of {_spoken(kinds, single=False)}", fits, '["…"]' if text else "")


def _spoken(kinds: tuple[ArgumentKind, ...], *, single: bool = True) -> str:
    """Kinds in a row, each once: ``text, a path or a Device``; None is not told where there is something else."""
    told = list(dict.fromkeys(kind.words for kind in kinds if kind.words != "None" or len(kinds) == 1))
    if not single:
        told = [{"text": "texts", "a path": "paths"}.get(each, each.replace("a ", "", 1) + "s") for each in told]
    return f"{', '.join(told[:-1])} or {told[-1]}" if len(told) > 1 else told[0]


def checked(function: Function) -> Function:
    """A function that raises CallError for arguments of other types than its annotations say."""
    code: Any = cast("Any", function).__code__
    names = code.co_varnames[: code.co_argcount]
    further = code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & _VARARGS else ""
    annotations: dict[str, str] = function.__annotations__

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        for place, value in enumerate(arguments):
            _check(function.__name__, names[place] if place < len(names) else further, value, annotations)
        for name, value in named.items():
            _check(function.__name__, name, value, annotations)
        return function(*map(_plain, arguments), **{name: _plain(value) for name, value in named.items()})

    return cast("Function", called)


def checked_methods(owner: Class) -> Class:
    """A class whose public methods are checked as functions are."""
    for name, method in list(vars(owner).items()):
        if not name.startswith("_") and callable(method):
            setattr(owner, name, checked(method))
    return owner


def _plain(value: Any) -> Any:
    """A value with the numbers of numpy in it as Python's; arrays stay."""
    kind = type(value)
    if kind is dict:
        return {name: _plain(each) for name, each in value.items()}
    if kind in (list, tuple):
        return kind(map(_plain, value))
    return value.item() if kind.__module__ == "numpy" and getattr(value, "shape", None) == () else value


def _check(function: str, name: str, value: object, annotations: dict[str, str]) -> None:
    annotation = annotations.get(name)
    if annotation is None:  # `self`, or a name that Python refuses itself
        return
    kinds = kinds_of(annotation)
    if any(kind.fits(value) for kind in kinds):
        return
    shown = repr(value)
    shown = shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
    example = next((kind.example for kind in kinds if kind.example), "")
    if isinstance(value, str) and example == '["…"]':
        example = f"[{shown}]"
    message = f"{function}({name}=…) takes {_spoken(kinds)}, got {shown}"
    raise CallError(message, f"write it like `{name}={example}`" if example else "")
