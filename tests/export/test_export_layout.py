"""The layout of lines, held against ruff's over random statements."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from archcost.exporting.source_lines import Bare, Brackets, Comprehension, Inner, Operation, call, lines, tuple_of
from tests.export.support import ruff

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.exporting.source_lines import Doc


class Documents:
    """Draws statements of all lengths."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def name(self) -> str:
        return "".join(self.draw.choice("qxyzkvwj") for _ in range(self.draw.randint(1, 14)))

    def document(self, depth: int) -> Doc:
        form = self.draw.random()
        if depth == 0 or form < 0.3:
            return self.draw.choice([str(self.draw.randint(0, 999)), self.name(), "(1, 7)", f"4 * {self.name()}"])
        if form < 0.6:
            return self.call(depth)
        if form < 0.7:
            return call("nn.Sequential", Brackets("OrderedDict", self.items(depth, "={}"), spread=form < 0.65))
        if form < 0.8:
            entries = Brackets("", self.items(depth, ": {}"), "{}", spread=form < 0.75)
            return call("nn.Sequential", call("OrderedDict", entries))
        if form < 0.9:
            return call("nn.ModuleList", Comprehension(self.document(depth - 1), "for _ in range(3)"))
        return tuple_of([self.document(depth - 1) for _ in range(self.draw.randint(1, 4))])

    def items(self, depth: int, between: str) -> tuple[Inner, ...]:
        names = {self.name() for _ in range(self.draw.randint(2, 4))}
        quote = '"' if ":" in between else ""
        return tuple(
            [Inner(f"{quote}{name}{quote}{between.format('')}", self.document(depth - 1)) for name in sorted(names)]
        )

    def call(self, depth: int) -> Doc:
        named = {self.name(): self.document(depth - 1) for _ in range(self.draw.randint(0, 4))}
        return call(f"nn.{self.name()}", *[self.document(depth - 1) for _ in range(self.draw.randint(0, 2))], **named)

    def statement(self) -> list[str]:
        names = [f"self.{self.name()}" for _ in range(self.draw.randint(2, 9))]
        return self.draw.choice(
            [
                lines(f"self.{self.name()} = ", self.call(3), "", 8),
                lines("x, (y, z) = ", self.call(3), "", 8),
                lines("", call("self.add_module", '"5x5"', self.document(3)), "", 8),
                lines("x = ", Operation("+", tuple(names)), "", 8),
                lines("return ", Bare(tuple([self.call(2) for _ in range(self.draw.randint(2, 5))])), "", 8),
            ]
        )


def test_lines_are_broken_as_ruff_breaks_them(tmp_path: Path) -> None:
    for seed in range(10):
        documents = Documents(seed)
        statements = [line for _ in range(60) for line in documents.statement()]
        text = "\n".join(["class Example:", "    def example(self):", *statements, ""])
        (tmp_path / f"lines_{seed}.py").write_text(text, encoding="utf-8")
    assert ruff(tmp_path, "format", "--diff") == ""
