"""What the dims of a tensor are called, in formulas and in words: it follows from the op's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.ops.base import Op

SPATIAL = {1: ("l",), 2: ("h", "w"), 3: ("z", "h", "w")}  # the letters of spatial sizes in formulas
BATCH = "b"
_LETTERS = {"N": BATCH, "C": "c", "L": "l", "D": "z", "H": "h", "W": "w"}  # of images, which have channels
_WORDS = {"N": "batch", "C": "channels", "L": "length", "D": "depth", "H": "height", "W": "width"}
_WORDS |= {word: word for word in ("windows", "positions")}
_IMAGES = {1: "L", 2: "H, W", 3: "D, H, W"}
_USUAL = {4: "(N, C, H, W)", 5: "(N, C, D, H, W)"}  # what is said of a tensor without a layout


def dims_of(layout: str, rank: int) -> list[str]:
    """The words of a layout for each dim of a tensor; empty ones where it does not say.

    Of ``(N, C, L) or (C, L)`` the one that fits; a word with a star, as in ``(*, features)``, for any number of dims.
    """
    for alternative in layout.split(" or "):
        names = alternative.strip("()").split(", ")
        count = rank - len(names) + 1
        if "*spatial" in names and count in _IMAGES:
            names = alternative.replace("*spatial", _IMAGES[count]).strip("()").split(", ")
        starred = [place for place, name in enumerate(names) if name.startswith("*")]
        for place in starred[: count >= 0]:
            return [*names[:place], *[names[place]] * count, *names[place + 1 :]]
        if len(names) == rank:
            return names
    return [""] * rank


def input_dims(op: Op, number: int, rank: int) -> list[str]:
    """The words for the dims of an input: those of the op's letters, or just of the dim that holds channels."""
    letters = op.letters()
    names = dims_of(letters[min(number, len(letters) - 1)], rank)
    place = op.channels
    if not any(names) and place is not None and -rank <= place < rank:
        names[place] = "features" if place == -1 else "c"
    return names


def is_image(names: list[str]) -> bool:
    """Whether dims are those of an image, whose letters are small in formulas."""
    return "C" in names


def letter_of(name: str, *, image: bool) -> str:
    """What formulas call a dim by its word in the layout."""
    return _LETTERS.get(name, name) if image or name == "N" else name


def dim_label(op: Op, output: int, place: int, rank: int, given: int) -> str:
    """The name of an output's dim: ``height``, or its number where the layout is not that of the ``given`` dims."""
    if output and op.main_output:
        return f"dim {place}"  # of a by-product, such as a state
    letters = op.letters()[0]
    same = (letters if rank == given else "") if letters else _USUAL.get(rank, "")
    name = dims_of(op.output_letters() or same, rank)[place]
    return _WORDS.get(name, f"dim {place}")
