"""The YAML tree to a Spec: the top level, params, inputs, blocks and published figures.

Problems are collected, each at its key, so that one run reports all of them; :mod:`archcost.spec.steps` reads steps and
:mod:`archcost.spec.linker` checks kinds and attributes once every block is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, suggestion
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expressions import FUNCTIONS, INPUT_NAMES, Expression, ExpressionError
from archcost.spec.model import Block, Expectation, Figure, InputDeclaration, Param, Reference, Template
from archcost.units import UnitError, parse_count, parse_percent

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.errors import Mark
    from archcost.spec.document import Value
    from archcost.spec.model import References, Spec, Step

VERSION = 1
DTYPE_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
FLOAT_DTYPES = ("float64", "float32", "float16", "bfloat16")
FIGURES = ("params", "weights", "macs")
_EXPECT_KEYS = ("output", *FIGURES, "tolerance", "source")
BUDGET_METRICS = (
    "params",
    "macs",
    "flops",
    "weight_bytes",
    "activation_bytes",
    "peak_activation_bytes",
    "peak_activation_memory",
    "latency",
)
RESERVED = frozenset({"batch", "training", *INPUT_NAMES, *FUNCTIONS})
TOP_KEYS = (
    "archcost",
    "name",
    "source",
    "dtype",
    "params",
    "include",
    "input",
    "inputs",
    "blocks",
    "layers",
    "outputs",
    "budgets",
    "expect",
)


class Reader:
    """Reads one file's tree into a spec; ``problems`` collects what is wrong."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems

    def report(self, message: str, place: Value | Mark, help: str = "") -> None:  # noqa: A002 - the word users see
        """Note a problem at a value or mark."""
        mark = place if isinstance(place, tuple) else place.mark
        self.problems.append(Diagnostic(message, mark, help))

    # --- values -----------------------------------------------------------------------------------------------------

    def template(self, value: Value) -> Template | None:
        """A value with its expressions parsed; None (and a problem) when it cannot be read."""
        try:
            return Template(self._data(value), value.mark)
        except ExpressionError as error:
            self.problems.append(error.diagnostic)
            return None

    def _data(self, value: Value) -> Any:
        if isinstance(value, Scalar):
            if isinstance(value.value, str) and value.value.startswith("$"):
                return Expression(value.value, value.mark)
            return value.value
        if isinstance(value, Sequence):
            return [self._data(item) for item in value.items]
        raise ExpressionError(Diagnostic("expected a value or a list, got a mapping", value.mark))

    def text(self, value: Value, what: str) -> str | None:
        """A string scalar."""
        if isinstance(value, Scalar) and isinstance(value.value, str) and not value.value.startswith("$"):
            return value.value
        shown = value.text if isinstance(value, Scalar) else "a list or mapping"
        self.report(f"{what} must be text, got {shown or 'nothing'}", value)
        return None

    def name(self, key: Scalar, what: str) -> bool:
        """Whether a key can be a name in expressions and paths."""
        text = key.text
        if not text.isidentifier():
            self.report(f"'{text}' cannot name {what}", key, "names are letters, digits and _, not a digit first")
        elif text in RESERVED:
            self.report(f"'{text}' cannot name {what}: expressions use it already", key)
        else:
            return True
        return False

    def mapping(self, value: Value, what: str) -> Mapping | None:
        """A mapping, or None (and a problem)."""
        if isinstance(value, Mapping):
            return value
        self.report(f"{what} must be a mapping of names to values", value)
        return None

    def keys(self, mapping: Mapping, known: tuple[str, ...], what: str) -> None:
        """Report keys that are not known."""
        for name, (key, _) in mapping.entries.items():
            if name not in known:
                self.report(f"unknown key '{name}' in {what}", key, suggestion(name, known, "keys"))

    # --- the top level ----------------------------------------------------------------------------------------------

    def spec(self, root: Value, spec: Spec) -> list[tuple[str, Mark]]:
        """Read the whole file; returns the paths that it includes."""
        top = self.top(root)
        if top is None:
            return []
        entries = top.entries
        self.keys(top, TOP_KEYS, "a spec")
        for field in ("name", "source"):
            if field in entries:
                setattr(spec, field, self.text(entries[field][1], f"'{field}'") or "")
        if "dtype" in entries:
            spec.dtype = self.dtype(entries["dtype"][1], FLOAT_DTYPES)
        if "params" in entries:
            spec.params = self.params(entries["params"][1])
        self._inputs(top, spec)
        includes = self.shared_parts(top, spec.blocks)
        if "layers" in entries:
            spec.main.steps = self.steps(entries["layers"][1], "layers")
            spec.main.mark = entries["layers"][0].mark
        if "outputs" in entries:
            spec.main.outputs = self.references(entries["outputs"][1], "outputs")
        spec.main.inputs = list(spec.inputs)
        if "expect" in entries:
            self._expect(entries["expect"][1], spec)
        if "budgets" in entries:
            budgets = self.mapping(entries["budgets"][1], "'budgets'")
            if budgets is not None:
                self.keys(budgets, BUDGET_METRICS, "budgets")
                spec.budgets = budgets
        return includes

    def top(self, root: Value) -> Mapping | None:
        """The top mapping of a file, its version checked."""
        if not isinstance(root, Mapping):
            self.report("a spec is a mapping of keys such as `archcost`, `input` and `layers`", root)
            return None
        if "archcost" not in root.entries:
            self.report("the language version is missing", root, f"put `archcost: {VERSION}` on the first line")
        else:
            key, value = root.entries["archcost"]
            if not isinstance(value, Scalar) or value.value != VERSION or isinstance(value.value, bool):
                shown = value.text if isinstance(value, Scalar) else "a list or mapping"
                self.report(f"this archcost reads version {VERSION} of the language, got {shown}", key)
        return root

    def library(self, root: Value, blocks: dict[str, Block]) -> list[tuple[str, Mark]]:
        """Read the blocks of an included file; returns the paths that it includes in turn."""
        top = self.top(root)
        if top is None:
            return []
        self.keys(top, TOP_KEYS, "a spec")
        return self.shared_parts(top, blocks)

    def shared_parts(self, top: Mapping, blocks: dict[str, Block]) -> list[tuple[str, Mark]]:
        """Read ``blocks`` and ``include``."""
        if "blocks" in top.entries:
            mapping = self.mapping(top.entries["blocks"][1], "'blocks'")
            for key, value in mapping.entries.values() if mapping else ():
                block = self._block(key, value)
                if block is None:
                    continue
                if block.name in blocks:
                    first = blocks[block.name].mark
                    self.report(f"the block '{block.name}' is defined twice", key, f"it is defined at {first}")
                blocks.setdefault(block.name, block)
        includes = []
        if "include" in top.entries:
            value = top.entries["include"][1]
            for item in value.items if isinstance(value, Sequence) else [value]:
                path = self.text(item, "'include'")
                if path is not None:
                    includes.append((path, item.mark))
        return includes

    def params(self, value: Value) -> dict[str, Param]:
        """Names to defaults; null means that a value is required."""
        params: dict[str, Param] = {}
        mapping = self.mapping(value, "'params'")
        for key, default in mapping.entries.values() if mapping else ():
            if not self.name(key, "a param"):
                continue
            if isinstance(default, Scalar) and default.value is None:
                params[key.text] = Param(None, key.mark)
                continue
            template = self.template(default)
            if template is not None:
                params[key.text] = Param(template, key.mark)
        return params

    def dtype(self, value: Value, known: tuple[str, ...] = tuple(DTYPE_BYTES)) -> str | None:
        """A dtype by torch's name."""
        text = self.text(value, "a dtype")
        if text is not None and text not in known:
            self.report(f"unknown dtype '{text}'", value, suggestion(text, known, "dtypes"))
            return None
        return text

    def _inputs(self, top: Mapping, spec: Spec) -> None:
        entries = top.entries
        if "input" in entries and "inputs" in entries:
            self.report("a spec has `input` or `inputs`, not both", entries["inputs"][0])
        if "input" in entries:
            key, value = entries["input"]
            declaration = self._input(key, value)
            if declaration is not None:
                spec.inputs["input"] = declaration
        elif "inputs" in entries:
            mapping = self.mapping(entries["inputs"][1], "'inputs'")
            for key, value in mapping.entries.values() if mapping else ():
                declaration = self._input(key, value)
                if declaration is not None:
                    spec.inputs[key.text] = declaration
        elif "layers" in entries:
            self.report("the spec has no input", entries["layers"][0], "write `input: [3, 224, 224]`, without the batch")

    def _input(self, key: Scalar, value: Value) -> InputDeclaration | None:
        dtype, batch, shape = None, True, value
        if isinstance(value, Mapping):
            self.keys(value, ("shape", "dtype", "batch"), "an input")
            if "shape" not in value.entries:
                self.report("an input needs its shape", key, "write `{shape: [3, 224, 224]}`")
                return None
            shape = value.entries["shape"][1]
            if "dtype" in value.entries:
                dtype = self.dtype(value.entries["dtype"][1])
            if "batch" in value.entries:
                flag = value.entries["batch"][1]
                if isinstance(flag, Scalar) and isinstance(flag.value, bool):
                    batch = flag.value
                else:
                    self.report("'batch' must be true or false", flag)
        template = self.template(shape)
        return None if template is None else InputDeclaration(template, dtype, batch, key.mark)

    def _block(self, key: Scalar, value: Value) -> Block | None:
        mapping = self.mapping(value, f"the block '{key.text}'")
        if mapping is None:
            return None
        block = Block(key.text, key.mark)
        self.keys(mapping, ("params", "inputs", "layers", "outputs"), f"the block '{key.text}'")
        entries = mapping.entries
        if "params" in entries:
            block.params = self.params(entries["params"][1])
        if "inputs" in entries:
            names = self._data_list(entries["inputs"][1])
            if names:
                block.inputs = names
            else:
                self.report("'inputs' of a block is a list of names", entries["inputs"][1])
        if "layers" in entries:
            block.steps = self.steps(entries["layers"][1], f"the layers of '{key.text}'")
        else:
            self.report(f"the block '{key.text}' has no layers", key)
        if "outputs" in entries:
            block.outputs = self.references(entries["outputs"][1], "outputs")
        return block

    def _data_list(self, value: Value) -> list[str]:
        items = value.items if isinstance(value, Sequence) else [value]
        names = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        return names if len(names) == len(items) == len(set(names)) else []

    def steps(self, value: Value, what: str) -> list[Step]:
        """A list of steps."""
        from archcost.spec.steps import read_steps

        return read_steps(self, value, what)

    def references(self, value: Value, what: str) -> References:
        """An id, a list of ids, or an expression that gives them."""
        items = value.items if isinstance(value, Sequence) else [value]
        if len(items) == 1 and items[0] is value:
            template = self.template(value)
            if template is None:
                return []
            if isinstance(template.value, Expression):
                return template.value
        references = []
        for item in items:
            if isinstance(item, Scalar) and item.value is not None and not item.text.startswith("$"):
                references.append(Reference(item.text, item.mark))
            else:
                self.report(f"'{what}' takes ids", item, "an expression stands for the whole list: `$(…)`")
        return references

    # --- published figures ------------------------------------------------------------------------------------------

    def _expect(self, value: Value, spec: Spec) -> None:
        mapping = self.mapping(value, "'expect'")
        if mapping is None:
            return
        self.keys(mapping, ("layers", *_EXPECT_KEYS), "expect")
        spec.expect[""] = self._expectation(mapping)
        if "layers" in mapping.entries:
            layers = self.mapping(mapping.entries["layers"][1], "'expect.layers'")
            for key, figures in layers.entries.values() if layers else ():
                inner = self.mapping(figures, f"the figures of '{key.text}'")
                if inner is not None:
                    self.keys(inner, _EXPECT_KEYS, f"the figures of '{key.text}'")
                    spec.expect[key.text] = self._expectation(inner)

    def _expectation(self, mapping: Mapping) -> Expectation:
        output, output_mark = None, None
        if "output" in mapping.entries:
            key, value = mapping.entries["output"]
            plain = value.plain()
            if isinstance(plain, list) and all(type(dim) is int for dim in plain):
                output, output_mark = tuple(plain), key.mark
            else:
                self.report("'output' is a shape with the batch: `[1, 1000]`", value)
        figures = {}
        common = self._tolerance_and_source(mapping)
        for metric in FIGURES:
            if metric in mapping.entries:
                figure = self._figure(*mapping.entries[metric], *common)
                if figure is not None:
                    figures[metric] = figure
        return Expectation(output, output_mark, figures)

    def _tolerance_and_source(self, mapping: Mapping, tolerance: Any = 0, source: str = "") -> tuple[Any, str]:
        """The two keys that a figure has itself, or takes from the mapping around it."""
        if "source" in mapping.entries:
            source = self.text(mapping.entries["source"][1], "'source'") or ""
        if "tolerance" in mapping.entries:
            tolerance = self._unit(mapping.entries["tolerance"][1], parse_percent) or 0
        return tolerance, source

    def _figure(self, key: Scalar, value: Value, tolerance: Any, source: str) -> Figure | None:
        number = value
        if isinstance(value, Mapping):
            self.keys(value, ("value", "tolerance", "source"), "a figure")
            if "value" not in value.entries:
                self.report("a figure needs its value", key, "write `{value: 4.1 G, tolerance: 1%}`")
                return None
            number = value.entries["value"][1]
            tolerance, source = self._tolerance_and_source(value, tolerance, source)
        count = self._unit(number, parse_count)
        if count is None:
            return None
        if count.denominator != 1 or count < 0:
            self.report("a figure is a whole number of units", number)
            return None
        return Figure(int(count), tolerance, source, key.mark)

    def _unit(self, value: Value, parse: Any) -> Fraction | None:
        if not isinstance(value, Scalar) or value.value is None:
            self.report("expected a number with its unit, such as 4.1 G or 1%", value)
            return None
        try:
            result: Fraction = parse(value.text)
        except UnitError as error:
            self.report(str(error), value)
            return None
        return result
