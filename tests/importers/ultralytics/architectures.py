"""Model YAML files of the three families, stated anew: a backbone of five strides, a path down to stride 8, and one up.

Rows are `[from, number, module, arguments]`. The largest model is written, and factors make the others.
"""

from __future__ import annotations

import json
from typing import Any

OF_V5 = {"n": (0.33, 0.25), "s": (0.33, 0.5), "m": (0.67, 0.75), "l": (1.0, 1.0), "x": (1.33, 1.25)}
OF_V8 = {"n": (0.33, 0.25, 1024), "s": (0.33, 0.5, 1024), "m": (0.67, 0.75, 768), "l": (1, 1, 512), "x": (1, 1.25, 512)}
OF_11 = {"n": (0.5, 0.25, 1024), "s": (0.5, 0.5, 1024), "m": (0.5, 1, 512), "l": (1, 1, 512), "x": (1, 1.5, 512)}
Rows = list[list[Any]]


def down(channels: int) -> list[Any]:
    return [-1, 1, "Conv", [channels, 3, 2]]


def up(other: int) -> Rows:
    return [[-1, 1, "nn.Upsample", ["None", 2, "nearest"]], [[-1, other], 1, "Concat", [1]]]


def joined(channels: int, other: int) -> Rows:
    return [down(channels), [[-1, other], 1, "Concat", [1]]]


def v5(*head: Any) -> tuple[Rows, Rows]:
    def c3(number: int, channels: int, *more: Any) -> list[Any]:
        return [-1, number, "C3", [channels, *more]]

    def side(channels: int) -> list[Any]:
        return [-1, 1, "Conv", [channels, 1, 1]]

    backbone = [
        [-1, 1, "Conv", [64, 6, 2, 2]],
        down(128), c3(3, 128), down(256), c3(6, 256), down(512), c3(9, 512), down(1024), c3(3, 1024),
        [-1, 1, "SPPF", [1024, 5]],
    ]  # fmt: skip
    to_8 = [side(512), *up(6), c3(3, 512, False), side(256), *up(4), c3(3, 256, False)]
    to_32 = [*joined(256, 14), c3(3, 512, False), *joined(512, 10), c3(3, 1024, False)]
    return backbone, [*to_8, *to_32, [[17, 20, 23], 1, *head]]


def v8(*head: Any) -> tuple[Rows, Rows]:
    def c2f(number: int, channels: int, *more: Any) -> list[Any]:
        return [-1, number, "C2f", [channels, *more]]

    backbone = [
        down(64), down(128), c2f(3, 128, True), down(256), c2f(6, 256, True), down(512), c2f(6, 512, True), down(1024),
        c2f(3, 1024, True),
    ]  # fmt: skip
    if head[0] == "Classify":
        return backbone, [[-1, 1, *head]]
    to_8 = [*up(6), c2f(3, 512), *up(4), c2f(3, 256)]
    to_32 = [*joined(256, 12), c2f(3, 512), *joined(512, 9), c2f(3, 1024)]
    return [*backbone, [-1, 1, "SPPF", [1024, 5]]], [*to_8, *to_32, [[15, 18, 21], 1, *head]]


def v11(*head: Any) -> tuple[Rows, Rows]:
    def c3k2(channels: int, *more: Any) -> list[Any]:
        return [-1, 2, "C3k2", [channels, *more]]

    backbone = [
        down(64), down(128), c3k2(256, False, 0.25), down(256), c3k2(512, False, 0.25), down(512), c3k2(512, True),
        down(1024), c3k2(1024, True),
    ]  # fmt: skip
    attention = [-1, 2, "C2PSA", [1024]]
    if head[0] == "Classify":
        return [*backbone, attention], [[-1, 1, *head]]
    to_8 = [*up(6), c3k2(512, False), *up(4), c3k2(256, False)]
    to_32 = [*joined(256, 13), c3k2(512, False), *joined(512, 10), c3k2(1024, True)]
    whole = [*backbone, [-1, 1, "SPPF", [1024, 5]], attention]
    return whole, [*to_8, *to_32, [[16, 19, 22], 1, *head]]


def model_yaml(rows: tuple[Rows, Rows], **keys: Any) -> str:
    """The text of a file: keys in YAML's flow style, and a line for each row."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in keys.items()]
    for name, part in zip(("backbone", "head"), rows, strict=True):
        lines += [f"{name}:", *[f"  - {_row(row)}" for row in part]]
    return "\n".join(lines) + "\n"


def _row(row: list[Any]) -> str:
    """A row as people write it, with plain words: True, None and names of modules."""
    source, number, module, arguments = row
    told = ", ".join(str(argument) for argument in arguments)
    return f"[{source}, {number}, {module}, [{told}]]"
