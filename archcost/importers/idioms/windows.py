"""Maps cut into windows, and windows joined to maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Attribute, Shape, Size
    from archcost.importers.idioms.sight import Sight

_TURN = (0, 1, 3, 2, 4, 5)  # (N, H/h, h, W/w, w, C) and (N, H/h, W/w, h, w, C): each into the other
_MAP, _WINDOWS = 4, 3  # dims of (N, H, W, C), and of (N·windows, h·w, C)


def window_partition(sight: Sight, place: int) -> IdiomRewrite | None:
    """(N, H, W, C) → (N, H/h, h, W/w, w, C), turned, → (N·windows, h·w, C): ``window_partition``."""
    found = _turned(sight, place)
    if found is None:
        return None
    split, turn = found
    x, output = sight.step(split).inputs[0], sight.step(place).outputs[0]
    _, rows, height, columns, width, channels = sight.shape(sight.step(split).outputs[0])
    _, *size = sight.shape(x)
    if not _is_cut(size, (rows, height), (columns, width), channels):
        return None
    attributes: dict[str, Attribute] = {"window_size": _sides(height, width)}
    gone, whole = (split, turn, place), sight.shape(output)
    if len(whole) == _WINDOWS:
        return IdiomRewrite(gone, (NewStep(place, "window_partition", (x,), (output,), attributes),))
    if whole[-3:] != (height, width, channels) or len(whole) != _MAP:
        return None
    sides: dict[str, Attribute] = {"dim": 1, "unflattened_size": (height, width)}
    partition = NewStep(turn, "window_partition", (x,), (-1,), attributes)
    return IdiomRewrite(gone, (partition, NewStep(place, "unflatten", (-1,), (output,), sides)))


def window_reverse(sight: Sight, place: int) -> IdiomRewrite | None:
    """(N·windows, h·w, C) → (N, H/h, W/w, h, w, C), turned, → (N, H, W, C): ``window_reverse``."""
    found = _turned(sight, place)
    if found is None:
        return None
    split, turn = found
    x, output = sight.step(split).inputs[0], sight.step(place).outputs[0]
    _, rows, columns, height, width, channels = sight.shape(sight.step(split).outputs[0])
    _, *size = sight.shape(output)
    if not _is_cut(size, (rows, height), (columns, width), channels):
        return None
    attributes: dict[str, Attribute] = {"window_size": _sides(height, width), "output_size": _sides(*size[:2])}
    gone, windows = (split, turn, place), sight.shape(x)
    if len(windows) == _WINDOWS:
        return IdiomRewrite(gone, (NewStep(place, "window_reverse", (x,), (output,), attributes),))
    if windows[-3:] != (height, width, channels) or len(windows) != _MAP:
        return None
    sides: dict[str, Attribute] = {"start_dim": 1, "end_dim": 2}
    merged = NewStep(turn, "flatten", (x,), (-1,), sides)
    return IdiomRewrite(gone, (merged, NewStep(place, "window_reverse", (-1,), (output,), attributes)))


def _turned(sight: Sight, place: int) -> tuple[int, int] | None:
    """The reshape and the permutation before a reshape: a map's and its windows' dims apart."""
    if sight.step(place).kind not in ("reshape", "flatten"):
        return None
    turn = sight.made_by(sight.step(place).inputs[0], "permute", "transpose")
    if turn is None:
        return None
    if sight.step(turn).kind == "permute":
        is_turn = sight.attribute(turn, "dims") == _TURN
    else:
        is_turn = {sight.dim(turn, "dim0"), sight.dim(turn, "dim1")} == {2, 3}
    value = sight.step(turn).inputs[0]
    split = sight.made_by(value, "reshape", "unflatten")
    return (split, turn) if split is not None and is_turn and len(sight.shape(value)) == len(_TURN) else None


def _is_cut(size: Sequence[Size], rows: Shape, columns: Shape, channels: Size) -> bool:
    """Whether (H, W, C) is cut into these rows and columns of windows of these heights and widths."""
    numbers = [*rows, *columns]
    if len(size) != _MAP - 1 or not all(type(number) is int for number in numbers):
        return False
    (count, height), (across, width) = rows, columns
    return list(size) == [count * height, across * width, channels]  # type: ignore[operator]  # ints, as checked


def _sides(height: Attribute, width: Attribute) -> Attribute:
    """One number for a square."""
    return height if height == width else (height, width)
