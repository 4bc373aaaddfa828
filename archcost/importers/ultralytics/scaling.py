"""How a model YAML says its sizes: for the largest model, with factors for depth and width by scale.

Channels are `min(c, most)` times the width, up to the next multiple of 8. As many as there are classes stay as they
are, because they may be those of a classifier. Numbers of blocks are times the depth, to the nearest, and at least one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.importers.form import Worded
from archcost.importers.keys import SIZE, KeyKind
from archcost.importers.ultralytics.values import fitting, meant, refused
from archcost.spec.document import Mapping, Sequence

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.spec.document import Value

_NAMED = re.compile(r"yolo(?:e-)?v?\d+([nslmx])")  # the scale in a file's name: yolov8n.yaml, yolo11n-seg.yaml
_LETTER = re.compile(r"[A-Za-z0-9_-]{1,16}")
_LARGE = "['m', 'l', 'x']"  # the scales that have the deeper blocks of YOLO11 everywhere
_MOST_SCALES = 12
_FACTORS = (2, 3)  # depth and width, and mostly the largest number of channels before the width
_MOST = 100


def _is_factor(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= _MOST


FACTOR = KeyKind(f"a number above 0, and at most {_MOST}", _is_factor)


class Scaling:
    """The params of a spec that sizes follow from, and the expressions of sizes over them.

    ``fixed`` is a number of channels that is not scaled: the text of an expression.
    """

    def __init__(self, fixed: str) -> None:
        self.params: dict[str, Attribute] = {}
        self._fixed = fixed
        self._sizes: dict[str, Attribute] = {}
        self._most = False
        self.has_scales = False
        self.deepest = 1.0  # of the factors of depth

    @property
    def all_params(self) -> dict[str, Attribute]:
        """The params, and the sizes that were asked for."""
        return self.params | dict(sorted(self._sizes.items(), key=lambda item: (item[0][0], int(item[0][1:]))))

    def by_scale(self, scales: Value, asked: Value | None, path: str) -> None:
        """Read the factors of each scale; the scale is that of the file's name, or what is written, or the first."""
        if not isinstance(scales, Mapping) or not 0 < len(scales.entries) <= _MOST_SCALES:
            raise refused(f"'scales' takes a mapping of 1 to {_MOST_SCALES} scales to their factors", scales)
        rows = []
        for name, (written, value) in scales.entries.items():
            if not _LETTER.fullmatch(name):
                raise refused("a scale is called by a letter, such as n", written)
            rows.append(_factors(value))
            if len(rows[-1]) != len(rows[0]):
                raise refused("some scales have a largest number of channels, and some have none", value)
        names = list(scales.entries)
        self.deepest = max(row[0] for row in rows)
        self.params["scale"] = scale = _scale(path, asked) or names[0]
        if scale not in names:
            hint = f"scales are {', '.join(names)}: `scale: {names[0]}` in the file says which, if its name does not"
            raise refused(f"'scales' has no '{scale}', which the file asks for", scales, hint)
        self.params["which"] = Worded(f"index({names!r}, scale)")
        self.params |= {
            key: Worded(f"{list(column)!r}[which]")
            for key, column in zip(("depth", "width", "most"), zip(*rows, strict=True), strict=False)
        }
        self._most = "most" in self.params
        self.has_scales = True

    def by_factors(self, depth: float | None, width: float | None) -> None:
        """Take factors that hold for the whole file; None: 1."""
        self.deepest = depth or 1.0
        self.params |= {name: value for name, value in (("depth", depth), ("width", width)) if value is not None}

    def channels(self, size: int) -> Attribute:
        """The channels that a number in the file stands for."""
        if "width" not in self.params:
            return size
        bound = f"min({size}, most)" if self._most else str(size)
        return self._param(f"c{size}", f"{size} if {self._fixed} == {size} else ceil({bound} * width / 8) * 8")

    def blocks(self, number: int) -> Attribute:
        """The blocks that a number in the file stands for."""
        if number == 1 or "depth" not in self.params:
            return number
        return self._param(f"n{number}", f"max(round({number} * depth), 1)")

    def large(self) -> Attribute:
        """Whether the scale has the deeper blocks everywhere."""
        return Worded(f"scale in {_LARGE}")

    def _param(self, name: str, text: str) -> Attribute:
        self._sizes[name] = Worded(text)
        return Worded(name)


def _factors(value: Value) -> list[Any]:
    plain = meant(value)
    if not isinstance(value, Sequence) or len(plain) not in _FACTORS:
        raise refused("a scale takes a list: the factors of depth and width, and the largest number of channels", value)
    kinds = (FACTOR, FACTOR, SIZE)
    names = ("a depth", "a width", "a largest number of channels")
    return [fitting(*each) for each in zip(value.items, kinds, names, strict=False)]


def _scale(path: str, asked: Value | None) -> str:
    found = _NAMED.search(path.replace("\\", "/").rpartition("/")[2])
    if found:
        return found[1]
    return "" if asked is None or meant(asked) is None else str(meant(asked))
