"""A row of a model YAML, `[from, number, module, arguments]` → the step of the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import shortened, suggestion
from archcost.importers.form import Worded
from archcost.importers.keys import LAYERS, SIZE
from archcost.importers.layout import Alone, Flat, Label
from archcost.importers.ultralytics.modules import HEADS, KNOWN, MODULES, SEPARATE
from archcost.importers.ultralytics.values import fitting, meant, refused
from archcost.spec.document import Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.importers.form import Attribute
    from archcost.importers.layout import Node
    from archcost.importers.ultralytics.modules import Module
    from archcost.importers.ultralytics.scaling import Scaling
    from archcost.spec.document import Value

    Attributes = dict[str, Attribute]

_PARTS = 4  # of a row
_SHOWN = 60  # characters of a name in a message
COPIES = "as many as the module stands there, such as 3"
_GIVEN = Worded("nc")  # the classes: what `nc` among the arguments stands for


class FileFacts:
    """What the whole file says that a row may need.

    ``separable``: the classes of boxes come from separable convolutions. ``anchors`` are those of each map, or None.
    ``points`` are the numbers of a pose.
    """

    def __init__(self, scaling: Scaling, names: list[str], anchors: list[int] | None, points: int) -> None:
        self.scaling = scaling
        self.separable = SEPARATE in names
        self.anchors = anchors
        self.points = points


class ModuleRow:
    """A row as it is written; raises SpecError for what is no row."""

    def __init__(self, value: Value, index: int) -> None:
        if not isinstance(value, Sequence) or len(value.items) != _PARTS:
            raise refused(
                "a row is a list of four: from, number, module, arguments", value, "such as [-1, 1, Conv, [64, 3, 2]]"
            )
        self._from, self.how_many, self.module, arguments = value.items
        if not isinstance(arguments, Sequence):
            raise refused("the arguments of a module are a list", arguments, "such as [64, 3, 2], or []")
        self.arguments = arguments.items
        self.all_arguments = arguments
        self.index = index
        self.name = self.module.text.removeprefix("nn.") if isinstance(self.module, Scalar) else ""
        if self.name not in KNOWN:
            close = suggestion(shortened(self.name, _SHOWN), KNOWN, "modules")
            notes = (close,) if close.startswith("did you mean") else ()
            message = f"the module '{shortened(self.name, _SHOWN)}' is not known here"
            raise refused(message, self.module, notes=notes)

    @property
    def number(self) -> int:
        """How many: of copies, or of blocks within."""
        return int(fitting(self.how_many, LAYERS, "the number of a row", COPIES))

    def sources(self) -> list[int]:
        """The rows that this one reads; -1: the image."""
        items = self._from.items if isinstance(self._from, Sequence) else [self._from]
        if not items:
            raise refused("a row reads at least one other", self._from, "-1 is the row before")
        return [self._source(item) for item in items]

    def _source(self, item: Value) -> int:
        plain = meant(item)
        if isinstance(plain, int) and not isinstance(plain, bool):
            row = self.index + plain if plain < 0 else plain
            if 0 <= row < self.index or (plain == -1 and row == -1):
                return row
        rows = f"0 to {self.index - 1}, or -1 for the one before" if self.index else "nothing but -1, the image"
        raise refused(
            f"row {self.index} can read {rows}", item, "rows are counted from 0, from the backbone to the head"
        )


def step(row: ModuleRow, facts: FileFacts) -> dict[str, Node]:
    """The step of a row."""
    parts: dict[str, Node] = {"id": Label(str(row.index))}
    number = facts.scaling.blocks(row.number)
    if row.name in HEADS:
        if row.number != 1:
            raise refused(f"{row.name} stands once", row.module, "its number is 1")
        kind, attributes = _HEADS[row.name](row, facts)
    else:
        module = MODULES[row.name]
        kind, attributes = module.kind, _attributes(row, module, facts)
        if module.deepens:
            attributes = {"out": attributes.pop("out"), "depth": number} | attributes
        elif number != 1:
            parts["repeat"] = number
    parts[kind] = _put(attributes)
    sources = row.sources()
    if sources != [row.index - 1]:
        names: list[Node] = [Label(str(source)) if source >= 0 else Label("input") for source in sources]
        parts["from"] = names if len(names) > 1 else names[0]
    return parts


def _put(attributes: Attributes) -> Node:
    return Flat(attributes) if attributes else Alone.KEY


def _attributes(row: ModuleRow, module: Module, facts: FileFacts) -> Attributes:
    """What the arguments of a row say, by the names of the block."""
    found: Attributes = {}
    given = row.arguments
    if module.widens:
        if not given:
            raise refused(f"{row.name} takes the number of its channels", row.all_arguments, "such as [64]")
        found["out"] = _channels(given[0], facts)
        given = given[1:]
    if len(given) > len(module.arguments):
        raise refused(f"{row.name} takes up to {len(module.arguments) + module.widens} arguments", row.all_arguments)
    for value, (name, kind) in zip(given, module.arguments, strict=False):
        plain = fitting(value, kind, f"'{name}' of {row.name}")
        if plain is not None:
            found[name] = tuple(plain) if isinstance(plain, list) else plain
    return _told(row, found, facts) | dict(module.fixed)


def _told(row: ModuleRow, found: Attributes, facts: FileFacts) -> Attributes:
    """The attributes without those that say what is so anyway, and with those that follow from the whole file."""
    if row.name == "Concat":
        return {}
    if row.name == "Upsample":
        if "scale_factor" not in found:
            raise refused("Upsample takes a factor", row.all_arguments, "such as [None, 2, nearest]")
        return {name: value for name, value in found.items() if value != "nearest"}
    if row.name == "DWConv":
        found["groups"] = Worded(f"min(in_channels, {_expression(found['out'])})")
    if row.name == SEPARATE and not found.get("c3k"):
        if not facts.scaling.has_scales:
            raise refused(f"{SEPARATE} needs 'scales': the scale decides what it is", row.module)
        found["c3k"] = facts.scaling.large()
    return found


def _expression(value: Attribute) -> str:
    return value.text if isinstance(value, Worded) else str(value)


def _channels(value: Value, facts: FileFacts) -> Attribute:
    if meant(value) == "nc":
        return _GIVEN
    return facts.scaling.channels(fitting(value, SIZE, "a number of channels"))


# --- heads ------------------------------------------------------------------------------------------------------------


def _given(row: ModuleRow, *names: str) -> list[Value]:
    """The arguments of a head, which takes these."""
    if len(row.arguments) != len(names):
        count = "one argument" if len(names) == 1 else f"{len(names)} arguments"
        raise refused(f"{row.name} takes {count}: {', '.join(names)}", row.all_arguments)
    return row.arguments


def _boxes(row: ModuleRow, classes: Value, facts: FileFacts, **more: Attribute) -> tuple[str, Attributes]:
    if facts.anchors is not None:
        raise refused(f"{row.name} is not known here in a file that has 'anchors'", row.module)
    light: Attributes = {"light": True} if facts.separable else {}
    return "detect", {"classes": _classes(classes)} | more | light


def _classes(value: Value) -> Attribute:
    return _GIVEN if meant(value) == "nc" else int(fitting(value, SIZE, "the number of classes"))


def _detect(row: ModuleRow, facts: FileFacts) -> tuple[str, Attributes]:
    if len(row.arguments) <= 1:
        [classes] = _given(row, "the classes")
        return _boxes(row, classes, facts)
    classes, anchors = _given(row, "the classes", "anchors")
    if meant(anchors) != "anchors" or facts.anchors is None:
        raise refused("Detect takes 'anchors' beside the classes, which the file must have", anchors)
    maps = len(row.sources())
    if len(facts.anchors) not in (1, maps) or len(set(facts.anchors)) > 1:
        raise refused(f"the file has not as many anchors for each of {maps} maps", anchors)
    return "anchor_detect", {"classes": _classes(classes), "anchors": facts.anchors[0]}


def _segment(row: ModuleRow, facts: FileFacts) -> tuple[str, Attributes]:
    classes, masks, width = _given(row, "the classes", "the masks", "the channels of their prototypes")
    count = fitting(masks, SIZE, "the number of masks")
    return _boxes(row, classes, facts, extra=count, prototypes=_channels(width, facts))


def _pose(row: ModuleRow, facts: FileFacts) -> tuple[str, Attributes]:
    classes, shape = _given(row, "the classes", "kpt_shape")
    if meant(shape) != "kpt_shape" or not facts.points:
        raise refused("Pose takes 'kpt_shape' beside the classes, which the file must have", shape)
    return _boxes(row, classes, facts, extra=facts.points)


def _turned(row: ModuleRow, facts: FileFacts) -> tuple[str, Attributes]:
    classes, numbers = _given(row, "the classes", "the numbers beside a box")
    return _boxes(row, classes, facts, extra=fitting(numbers, SIZE, "the numbers beside a box"))


def _classify(row: ModuleRow, facts: FileFacts) -> tuple[str, Attributes]:
    [classes] = _given(row, "the classes")
    return "classify", {"classes": _channels(classes, facts)}


_HEADS: dict[str, Callable[[ModuleRow, FileFacts], tuple[str, Attributes]]] = {
    "Detect": _detect,
    "Segment": _segment,
    "Pose": _pose,
    "OBB": _turned,
    "Classify": _classify,
}
