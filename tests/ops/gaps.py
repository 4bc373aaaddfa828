"""What an op lacks, and where that belongs: for the test of the closed set, and for ``make op``.

python -m tests.ops.gaps NAME
"""

from __future__ import annotations

import ast
import inspect
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import archcost
from archcost.analysis.memory.rules import RULES, rule
from archcost.conventions import NAMES, convention
from archcost.ops import REGISTRY
from archcost.ops.base import Op
from archcost.ops.facets import FAMILIES
from benchmarks.flops import rates
from tests.ops.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcost.analysis.report import Report

ROOT = Path(__file__).parents[2]
CASE_LISTS = {  # where the cases of a family stand in tests/ops/cases.py
    "Convolution": "_convolutions",
    "Linear and embedding": "LINEAR",
    "Normalisation": "_norms",
    "Activation": "_activations",
    "Pooling": "_pools",
    "Shape": "SHAPES",
    "Arithmetic": "ARITHMETIC",
    "Attention": "ATTENTION",
    "Recurrent": "RECURRENT",
    "Resampling": "RESAMPLING",
}
TABLES = {  # the rooms that run an op, and where one that cannot be derived has its row
    "torch module": ("archcost/pytorch/layers/tensors.py", ""),
    "source": ("archcost/exporting/ops.py", "LAYERS"),
    "arithmetic": ("archcost/explaining/symbols.py", ""),
}
UNKNOWN = (LookupError, AttributeError, NotImplementedError)  # what a room raises that lacks an op


def gaps(kind: str) -> list[str]:
    """A line for each thing that an op lacks: what it is, and the place where it belongs."""
    op = REGISTRY[kind]
    found = [*_words(op), *_cases(op), *_tables(op)]
    if not any(case.kind == kind for case in CASES):
        return found  # there is nothing to run
    with _some_rule(op):
        return [*found, *_pages(op), *_rooms(op)]


def message(kind: str, found: list[str]) -> str:
    """All that is missing at once."""
    return "\n".join([f"{kind} lacks:", *(f"  - {line}" for line in found)])


def place(path: str, name: str) -> str:
    """``path:line`` of where a name is assigned, or a function or class defined; the path where it is not."""
    file = ROOT / path
    if name and file.is_file():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if getattr(node, "name", "") == name or any(getattr(each, "id", "") == name for each in targets):
                return f"{path}:{node.lineno}"
    return path


def home(op: type[Op]) -> str:
    """Where the class of an op stands."""
    file = Path(inspect.getsourcefile(op) or "")
    path = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    return f"{path}:{inspect.getsourcelines(op)[1]}"


def _words(op: type[Op]) -> Iterator[str]:
    text = inspect.getdoc(op) if op.__doc__ else ""
    if not text or not text.split("\n")[0].endswith("."):
        yield f"a docstring whose first line is its formula and ends with a full stop: {home(op)}"
    absent = [word for word in ("MACs", "FLOP") if word not in (text or "")]
    if absent:
        yield f"a word on its {' and '.join(absent)} in the docstring: {home(op)}"
    if "TODO" in inspect.getsource(op):
        yield f"what its class leaves to do: {home(op)}"
    if op.family not in FAMILIES:
        yield f"a family of those in {place('archcost/ops/facets.py', 'FAMILIES')}: {home(op)}"
    if op.max_inputs is not None and len(op.input_names) != op.max_inputs:
        yield f"a name for each of its {op.max_inputs} inputs (input_names): {home(op)}"
    if op.index_inputs and op.indexed is Op.indexed:
        yield f"indexed, how many places its indices may name: {home(op)}"
    if op.reach is Op.reach:
        yield f"reach, what an element of its output reads of the inputs: {home(op)}"


def _cases(op: type[Op]) -> Iterator[str]:
    cases = [case for case in CASES if case.kind == op.kind]
    where = place("tests/ops/cases.py", CASE_LISTS.get(op.family, "CASES"))
    if not cases:
        yield f"a case: {where}"
        return
    unset = sorted(set(op.fields) - {name for case in cases for name in case.attributes})
    if unset:
        yield f"a case that sets {', '.join(unset)}: {where}"
    counts = {len(case.input_shapes) for case in cases}
    wanted = {op.min_inputs, op.min_inputs + 1 if op.max_inputs is None else op.max_inputs}
    if op.max_inputs is None and max(counts) > op.min_inputs:
        wanted = {op.min_inputs}
    for count in sorted(wanted - counts):
        yield f"a case with {count} input{'s' * (count != 1)}: {where}"


def _tables(op: type[Op]) -> Iterator[str]:
    try:
        rule(op)
    except KeyError:
        table = place("archcost/analysis/memory/rules/pointwise.py", "RULES")
        yield f"what its backward pass keeps (keeps): {home(op)}, or else a rule of memory: {table}"
    for name in NAMES:
        try:
            convention(name).rule(op)
        except KeyError:
            path = f"archcost/conventions/{name.replace('-', '_')}.py"
            yield f"what {name} counts of a {op.work}: {place(path, 'CONVENTION')}"


def _pages(op: type[Op]) -> Iterator[str]:
    if f"`{op.kind}`" not in (ROOT / "docs" / "ops.md").read_text(encoding="utf-8"):
        yield "a section in docs/ops.md: make docs"
    if f"`{op.kind}" not in (ROOT / "docs" / "figures.md").read_text(encoding="utf-8"):
        by_hand = "make docs" if op.kind in rates() else "by hand, since they are not the same for every element"
        yield f"its FLOPs in docs/figures.md: {by_hand}"


@contextmanager
def _some_rule(op: type[Op]) -> Iterator[None]:
    """A rule of memory for an op that has none, without which no other room could be asked."""
    try:
        rule(op)
    except KeyError:
        RULES[op.kind] = lambda machine, call: [machine.new(shape, dtype) for shape, dtype in call.outputs]
        yield
        del RULES[op.kind]
    else:
        yield


def _rooms(op: type[Op]) -> Iterator[str]:
    from archcost.pytorch.module import Network
    from tests.pytorch.support import report_of

    try:
        report = report_of(next(case for case in CASES if case.kind == op.kind))
    except UNKNOWN:
        return  # what the class itself lacks is told above
    runs: dict[str, Callable[[Report], object]] = {
        "torch module": lambda report: Network(report.graph),
        "source": archcost.export,
        "arithmetic": lambda report: archcost.explain(report, "layer").to_dict(),
    }
    for room, run in runs.items():
        if room == "arithmetic" and op.reach is Op.reach:
            continue
        try:
            run(report)
        except UNKNOWN as error:
            path, name = TABLES[room]
            yield f"its {room}, since {str(error) or type(error).__name__}: {place(path, name)}"


if __name__ == "__main__":
    (kind,) = sys.argv[1:]
    missing = gaps(kind)
    print(message(kind, missing) if missing else f"{kind} lacks nothing that can be told without its figures")
