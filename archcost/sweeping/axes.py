"""What people ask to vary, as the axes of a space: ``width=0.5,1``, ``depths[0]=2..4``, ``kernels[*]=3,5,7``, zips."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import ArgumentError, Diagnostic, Source, UsageError
from archcost.sweeping.defaults import SAME_FOR_ALL, derived, params_under, unknown_param
from archcost.sweeping.space import BATCH, Axis, AxisTarget, Space
from archcost.sweeping.values import MAX_VALUES, Piece, check_distinct, parts, piece_of, read_values, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from archcost.settings import Settings
    from archcost.spec.model import Spec

VARY, ZIP = "--vary", "--zip"
MAX_AXES = 10_000
_NAME = re.compile(r"([A-Za-z_]\w*)((?:\[(?:\*|-?\d+)\])*)")
_EACH = "*"
_HELP = "write a param, `width`, or elements of a list, `depths[0]`, `kernels[*]`"


class Wish(NamedTuple):
    """What is to vary: the names of params or elements, and at each index a value for each name."""

    names: tuple[Piece, ...]
    values: tuple[tuple[Any, ...], ...]


# --- reading ----------------------------------------------------------------------------------------------------------


def read_vary(text: str, option: str = VARY) -> Wish:
    """``NAME=VALUES``; raises ArgumentError."""
    source = Source(option, text)
    at = text.find("=")
    if at < 0:
        raise piece_of(source, 0, len(text)).wrong(f"{option} takes NAME=VALUES", "for instance `width=0.5,1.0`")
    values = read_values(piece_of(source, at + 1, len(text)))
    return Wish((piece_of(source, 0, at),), tuple([(value,) for value in values]))


def read_zip(text: str, option: str = ZIP) -> Wish:
    """``a,b=1/10,2/20``: params that vary together, at each step a value for each; raises ArgumentError."""
    source = Source(option, text)
    at = text.find("=")
    if at < 0:
        raise piece_of(source, 0, len(text)).wrong(f"{option} takes NAMES=VALUES", "for instance `a,b=1/10,2/20`")
    names = tuple(parts(piece_of(source, 0, at), ","))
    steps, places = [], parts(piece_of(source, at + 1, len(text)), ",")
    for place in places:
        each = parts(place, "/")
        if len(each) != len(names):
            told = f"{len(each)} value{'s' * (len(each) != 1)} for {len(names)} params"
            raise place.wrong(told, "a step has a value for each, with `/` between them: `a,b=1/10,2/20`")
        steps.append(tuple([_single(one) for one in each]))
    check_distinct(steps, places)
    return Wish(names, tuple(steps))


def _single(piece: Piece) -> Any:
    values = read_values(piece)
    if len(values) > 1:
        raise piece.wrong(f"{piece.text} is {len(values)} values, and a step has one for each param")
    return values[0]


def wish_of(name: str, given: Any, option: str = "vary") -> Wish:
    """What a call or a file asks to vary: values in a text as on the command line, or a sequence of them."""
    if isinstance(given, str):
        return read_vary(f"{name}={given}", option)
    values = list(islice(given, MAX_VALUES + 1)) if hasattr(given, "__iter__") else [given]
    if not values:
        raise UsageError(f"'{name}' is to vary over nothing", "give at least one value")
    if len(values) > MAX_VALUES:
        raise UsageError(f"'{name}' is to vary over more than {MAX_VALUES:,} values", "take a larger step")
    text = f"{name}={','.join(map(shown, values))}"
    place = piece_of(Source(option, text), 0, len(name))
    plain = [getattr(value, "item", lambda value=value: value)() for value in values]  # numbers of numpy
    check_distinct(plain, [place] * len(plain))
    return Wish((place,), tuple([(value,) for value in plain]))


def zip_of(given: Mapping[str, Iterable[Any]], option: str = "zip") -> Wish:
    """Params that a call or a file has vary together: by name their values, equally many."""
    columns = {
        name: [value for (value,) in read_vary(f"{name}={values}", option).values]
        if isinstance(values, str)
        else list(values)
        for name, values in given.items()
    }
    source = Source(option, ",".join(columns))
    names = tuple(parts(piece_of(source, 0, len(source.text)), ","))
    lengths = {name: len(values) for name, values in columns.items()}
    if not columns or not all(lengths.values()):
        raise UsageError(f"{option}: nothing varies together there", "give at least one value for each param")
    if len(set(lengths.values())) > 1:
        told = ", ".join([f"{name} {count}" for name, count in lengths.items()])
        raise UsageError(f"{option}: params that vary together have equally many values, got {told}")
    steps = tuple(zip(*columns.values(), strict=True))
    check_distinct(steps, [names[0]] * len(steps))
    return Wish(names, steps)


# --- axes -------------------------------------------------------------------------------------------------------------


def make_space(
    spec: Spec, settings: Settings, wishes: Sequence[Wish], name: str = "", fixed: Collection[str] = ()
) -> Space:
    """The space that wishes span over a spec; raises UsageError for names that the spec does not have.

    An axis for each wish, and one for each element where ``[*]`` stands for all of a list. Nothing is walked. What is
    ``fixed`` cannot vary as a whole; elements of it can.
    """
    varied = [match[1] for wish in wishes for piece in wish.names if (match := _NAME.fullmatch(piece.text))]
    defaults = params_under(spec, settings)
    axes: list[Axis] = []
    lists: dict[str, Any] = {}
    taken: dict[AxisTarget, Piece] = {}
    for wish in wishes:
        targets = [_targets(piece, spec, settings, defaults, varied) for piece in wish.names]
        if len(targets) > 1 and any(len(one) > 1 for one in targets):
            raise wish.names[0].wrong("`[*]` makes an axis for each element, and a zip is one axis", _HELP)
        for place, (piece, found) in enumerate(zip(wish.names, targets, strict=True)):
            _take(piece, found, taken)
            if found and found[0].param in fixed and not found[0].place:
                told = f"{piece.text} is to vary, and is set to {shown(settings.params[found[0].param])} as well"
                raise piece.wrong(told, "leave one of the two out")
            _check_batch(piece, spec, settings, [step[place] for step in wish.values])
            lists.update({target.param: defaults[target.param] for target in found if target.place})
        if len(targets) == 1:
            axes += [Axis((target,), wish.values) for target in targets[0]]
        else:
            axes.append(Axis(tuple([target for (target,) in targets]), wish.values))
        if len(axes) > MAX_AXES:
            raise wish.names[0].wrong(f"more than {MAX_AXES:,} axes")
    return Space(spec, settings, tuple(axes), lists, name)


def _targets(
    piece: Piece, spec: Spec, settings: Settings, defaults: Mapping[str, Any], varied: Sequence[str]
) -> list[AxisTarget]:
    """What a name stands for: a param, an element of a list, or each of them."""
    setting = piece.text.split("[")[0].replace("-", "_")
    if setting in SAME_FOR_ALL and setting not in spec.params:
        raise piece.wrong(f"'{setting}' is no param: it is the same for all designs of a sweep", SAME_FOR_ALL[setting])
    match = _NAME.fullmatch(piece.text)
    if match is None:
        raise piece.wrong(f"'{piece.text}' names no param", _HELP)
    name, places = match[1], re.findall(r"\[(\*|-?\d+)\]", match[2])
    if name == BATCH and name not in spec.params and not places:
        return [AxisTarget(name)]
    if name not in spec.params:
        unknown = unknown_param(spec, name)
        raise ArgumentError(Diagnostic(unknown.message, piece.mark._replace(length=len(name)), unknown.help))
    if not places:
        return [AxisTarget(name)]
    if name not in defaults:
        raise piece.wrong(f"'{name}' has no default, so that there is no list of which an element could vary")
    sources = derived(spec, settings, [one for one in varied if one != name]).get(name)
    if sources:
        told = (
            f"'{name}' is made of {', '.join(sorted(sources))}, which vary as well: its elements are not known before"
        )
        raise piece.wrong(told, f"vary whole lists, or set one with `--set '{name}=[…]'`")
    return [AxisTarget(name, place) for place in _places(piece, name, defaults[name], places)]


def _places(piece: Piece, name: str, value: Any, places: Sequence[str]) -> list[tuple[int, ...]]:
    """The places within a list that indices name; raises ArgumentError for those outside of it."""
    if not places:
        return [()]
    first, rest = places[0], places[1:]
    if not isinstance(value, (list, tuple)):
        raise piece.wrong(f"{name} is {shown(value)}, no list of which an element could vary", _HELP)
    if first == _EACH:
        return [
            (index, *inner)
            for index, item in enumerate(value)
            for inner in _places(piece, f"{name}[{index}]", item, rest)
        ]
    index = int(first)
    if not -len(value) <= index < len(value):
        told = f"{name} has {len(value)} elements: {name}[0] to {name}[{len(value) - 1}]" if value else "it is empty"
        raise piece.wrong(f"{name}[{first}] is outside of its list", told)
    index %= len(value)
    return [(index, *inner) for inner in _places(piece, f"{name}[{index}]", value[index], rest)]


def _take(piece: Piece, targets: Iterable[AxisTarget], taken: dict[AxisTarget, Piece]) -> None:
    """Note what an axis sets; raises ArgumentError for what another one sets, in whole or in part."""
    for target in targets:
        for other, place in taken.items():
            length = min(len(other.place), len(target.place))
            if other.param == target.param and other.place[:length] == target.place[:length]:
                if place.text == piece.text:
                    raise piece.wrong(f"{piece.text} is to vary twice", "give all of its values at once")
                told = f"{target} is to vary twice: by {place.text}, and by {piece.text}"
                raise piece.wrong(told, "leave one of the two out")
    taken.update(dict.fromkeys(targets, piece))


def _check_batch(piece: Piece, spec: Spec, settings: Settings, values: Sequence[Any]) -> None:
    """Raise ArgumentError where the batch varies over what is no batch size, or is set beside."""
    if piece.text != BATCH or BATCH in spec.params:
        return
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise piece.wrong(f"a batch size is a whole number ≥ 1, got {shown(value)}", "for instance `batch=1,8,64`")
    if settings.batch != 1:
        raise piece.wrong(f"the batch varies, and is set to {settings.batch} as well", "leave one of the two out")
