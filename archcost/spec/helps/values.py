"""Values that do not fit their attribute: the value that was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.errors import Mark, Source, close_names
from archcost.ops.field_types import BoolField, ChoiceField, FloatField, IntField, SpatialField
from archcost.ops.fields import AttributeValueError, whole_number
from archcost.spec.expressions import Expression
from archcost.spec.helps.expressions import BEGINS, with_dollars
from archcost.spec.helps.synonyms import CHOICES, FALSE, TRUE, squashed
from archcost.spec.scalars import resolve

if TYPE_CHECKING:
    from archcost.ops.base import Op
    from archcost.spec.ways_out import Surroundings

_NUMBERS = re.compile(r"[\[(]?\s*\d+(\s*[,x×*]\s*\d+)+\s*,?\s*[\])]?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_SHARES = ("p", "dropout", "dropout_p")  # probabilities
_LEAST_PERCENT, _ALL = 5, 100
_IMAGE_RANK = 4  # of what most networks read: where a rank is not known
_MAX_SPATIAL = 3
_NOWHERE = Mark(Source("", ""), 0, 0)
_BATCH_AND_CHANNELS = 2  # what TensorFlow's strides have besides the spatial dims
_MAX_NUMBERS = 100  # characters of a text with a few sizes


def spatial_dims(around: Surroundings) -> int:
    """How many spatial dims the input of a step has; as an image where that is not known."""
    rank = _IMAGE_RANK if around.shape is None else len(around.shape)
    return min(max(rank - 2, 1), _MAX_SPATIAL)


class Meant:
    """A value that fits, and why it is the one that was meant."""

    __slots__ = ("reason", "value")

    def __init__(self, value: Any, reason: str = "") -> None:
        self.value = value
        self.reason = reason


def fits(op: type[Op], name: str, value: Any) -> bool:
    """Whether an attribute takes a value, as far as it is no expression."""
    if holds_expression(value):
        return True
    try:
        op.fields[name].parse(value, op.ndim)
    except AttributeValueError:
        return False
    return True


def holds_expression(value: Any) -> bool:
    """Whether a value is an expression, or a list with one."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_expression, value))
    return isinstance(value, Expression)


def meant(op: type[Op], name: str, value: Any, around: Surroundings) -> Meant | None:
    """The value that fits in place of one that does not; the value itself if it does; None if nothing is known."""
    if fits(op, name, value):
        return Meant(value)
    dollars = with_dollars(value, around)
    if dollars is not None:
        return Meant(dollars, BEGINS)
    for found in _candidates(op, name, value, around):
        if fits(op, name, found.value):
            return found
    return None


def _candidates(op: type[Op], name: str, value: Any, around: Surroundings) -> list[Meant]:
    field = op.fields[name]
    if op.kind == "pad" and name == "pad":
        return _paddings(value, around)
    if isinstance(field, BoolField):
        return _truth(value)
    if isinstance(field, ChoiceField):
        return _choice(field, value)
    if value is None:
        return []
    found = _from_text(value) if isinstance(value, str) else []
    if isinstance(field, SpatialField):
        found += [Meant(word) for word in field.words if squashed(str(value)) == word]
        found += [Meant(0, "nothing is padded")] if str(value).lower() == "valid" else []
    if isinstance(value, (list, tuple)):
        found += _from_list(value)
    if isinstance(field, (IntField, FloatField)) and whole_number(value) is not None:
        found += [Meant(value / _ALL, "a share of 1")] if name in _SHARES and _LEAST_PERCENT <= value <= _ALL else []
        found.append(Meant([value], "it is a list"))
    if value == -1 and "channels" in name:
        found.append(Meant(Expression("$in_channels", _NOWHERE), "as many as the input has"))
    elif value == -1 and "features" in name:
        found.append(Meant(Expression("$in_features", _NOWHERE), "as many as the input has"))
    return found


def _paddings(value: Any, around: Surroundings) -> list[Meant]:
    """The paddings of the last dims, last dim first: from one number, and from pairs of the first dim first."""
    dims = spatial_dims(around)
    reason = "two numbers for each of the last dims, the last dim first"
    if isinstance(value, str):
        value = resolve(value)
    if whole_number(value) is not None:
        return [Meant([value] * (2 * dims), reason)]
    if not isinstance(value, (list, tuple)):
        return []
    pairs = [list(item) if isinstance(item, (list, tuple)) else [item, item] for item in value]
    return [Meant([size for pair in reversed(pairs) for size in pair], reason)]


def _truth(value: Any) -> list[Meant]:
    word = str(value).lower()
    reason = "only true and false are booleans in YAML 1.2"
    if value is None or word in FALSE:
        return [Meant(False, reason)]
    return [Meant(True, reason)] if word in TRUE or isinstance(value, (str, int)) else []


def _choice(field: ChoiceField, value: Any) -> list[Meant]:
    if isinstance(value, bool) or value is None:
        return [Meant(word) for word in (("tanh", "none") if value else ("none", "zeros"))]
    word = str(value).rpartition(".")[2]
    words = {squashed(option): option for option in field.options}
    exact = words.get(squashed(word)) or CHOICES.get(squashed(word))
    return [Meant(option) for option in (exact, *close_names(word.lower(), field.options)) if option]


def _from_text(text: str) -> list[Meant]:
    """Numbers that are written as text: ``"3"``, ``3x3``, ``(3, 3)``, ``50%``."""
    stripped = text.strip()
    value = resolve(stripped.replace("_", "")) if stripped else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [Meant(value, "a number has no quotes and no underscores")]
    percent = _PERCENT.fullmatch(stripped)
    if percent is not None:
        return [Meant(float(percent[1]) / 100)]
    sizes = numbers_in(stripped)
    return [Meant(sizes, "a list has brackets"), *_from_list(sizes)] if sizes else []


def numbers_in(text: str) -> list[int]:
    """The sizes that a text names, ``3x224x224`` or ``(3, 224, 224)``; none of any other text."""
    if len(text) > _MAX_NUMBERS or not _NUMBERS.fullmatch(text.strip()):
        return []
    return [int(number) for number in re.findall(r"\d+", text)]


def _from_list(value: list[Any] | tuple[Any, ...]) -> list[Meant]:
    """Of one item: the item. Of TensorFlow's four strides: the two of the spatial dims. Of equal ones: one."""
    found = [Meant(value[0], "it is one number")] if len(value) == 1 else []
    inner = list(value[1:-1])
    if len(value) > _BATCH_AND_CHANNELS and value[0] == value[-1] == 1:
        found.append(Meant(inner[0] if len({*map(repr, inner)}) == 1 else inner, "without the batch and the channels"))
    if len(value) > 1 and len({*map(repr, value)}) == 1:
        found.append(Meant(value[0], "one number stands for all"))
    return found
