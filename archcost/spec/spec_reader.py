"""The YAML tree to a Spec: the top level, params, inputs and blocks.

Problems are collected, each at its key, so that one run reports all of them; :mod:`archcost.spec.step_reader` reads
steps and :mod:`archcost.spec.checks` checks kinds and attributes once every block is known. What cannot be read leaves
a broken or unknown thing in its place, so that the rest is judged as if it were right.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.dtypes import FLOAT_DTYPES, WHOLE_DTYPES
from archcost.errors import Diagnostic, Mark, suggestion
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expect_reader import read_expect
from archcost.spec.expressions import UNKNOWN
from archcost.spec.model import Block, InputDeclaration, Param
from archcost.spec.step_reader import read_steps
from archcost.spec.template import Template
from archcost.spec.value_reader import BODY, DECLARATION, Reader, brief
from archcost.spec.vocabulary import (
    MODEL_KEYS,
    MODIFIERS,
    RESERVED,
    TOP_KEYS,
    VARIANT_KEYS,
    VERSION,
)

if TYPE_CHECKING:
    from archcost.spec.document import Value
    from archcost.spec.model import Spec

    Entries = dict[str, tuple[Scalar, Value]]

__all__ = ["RESERVED", "TOP_KEYS", "VERSION", "SpecReader"]


class SpecReader(Reader):
    """Reads the trees of a spec's files into the spec."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec.problems, spec.meter)
        self.spec = spec
        self._misnamed: list[str] = []  # keys that are there under another name

    def main(self, root: Value, *, base: bool = False) -> list[tuple[str, Mark]]:
        """Read the spec's file, or the one that it extends in the end; returns the paths that it includes."""
        spec = self.spec
        top = self._top(root)
        if top is None:
            return []
        entries = top.entries
        self._labels(entries)
        if "params" in entries:
            spec.params = self._params(entries["params"][1])
        self._inputs(top)
        includes = self._shared_parts(top)
        if "layers" in entries:
            spec.main.steps = read_steps(self, entries["layers"][1], "layers")
            spec.main.mark = entries["layers"][0].mark
        if "outputs" in entries:
            spec.main.outputs = self.references(entries["outputs"][1], "outputs")
        spec.main.inputs = list(spec.inputs)
        spec.only_shares = not base and entries.keys().isdisjoint(MODEL_KEYS)
        if not base:
            self._limits(entries)
        return includes

    def extends(self, root: Value) -> Scalar | None:
        """The path of the spec that a spec extends, if it extends one."""
        if not isinstance(root, Mapping) or "extends" not in root.entries:
            return None
        _, value = root.entries["extends"]
        path = self.text(value, "'extends'")
        if isinstance(value, Scalar) and path:
            return value
        if path == "":
            self.report("'extends' names no file", value, "write the path of a spec: `extends: resnet50.yaml`")
        raise self.problems.error()

    def variant(self, root: Value, *, base: bool) -> None:
        """Read a spec that extends the one that was read before: other defaults, and figures if it is not a base."""
        spec = self.spec
        top = self._top(root, VARIANT_KEYS, "a spec that extends another")
        if top is None:
            return
        spec.name = ""
        self._labels(top.entries)
        if "params" in top.entries:
            for name, param in self._params(top.entries["params"][1]).items():
                if name in spec.params:
                    spec.params[name] = param
                else:
                    self.meter.spend(len(spec.params), param.mark)
                    known = spec.params
                    hint = (
                        suggestion(name, known, "params", self.meter.hints)
                        if known
                        else "the spec that it extends has no params"
                    )
                    self.report(f"'{name}' is no param of the spec that this one extends", param.mark, hint)
        if not base:
            self._limits(top.entries)

    def _labels(self, entries: Entries) -> None:
        for field in ("name", "family", "source"):
            if field in entries:
                setattr(self.spec, field, self.text(entries[field][1], f"'{field}'") or "")
        if "dtype" in entries:
            self.spec.dtype = self.dtype(entries["dtype"][1], FLOAT_DTYPES)

    def _limits(self, entries: Entries) -> None:
        if "expect" in entries:
            read_expect(self, entries["expect"][1], self.spec)
        if "budgets" in entries:
            from archcost.spec.budget_reader import read_budgets

            self.spec.budgets = read_budgets(self, entries["budgets"][1])

    def library(self, root: Value) -> list[tuple[str, Mark]]:
        """Read the blocks of an included file; returns the paths that it includes in turn."""
        top = self._top(root)
        return [] if top is None else self._shared_parts(top)

    def _top(self, root: Value, known: tuple[str, ...] = TOP_KEYS, what: str = "a spec") -> Mapping | None:
        """The top mapping of a file, its version and keys checked."""
        if not isinstance(root, Mapping):
            message = f"a spec is a mapping of keys such as `archcost`, `input` and `layers`, got {brief(root)}"
            self.report(message, root, f"start with `archcost: {VERSION}`")
            if root.source is self.spec.text_source:
                raise self.problems.error()
            self.spec.incomplete = True
            return None
        if "archcost" not in root.entries:
            mark = Mark(root.source, root.line, root.column)
            self.report("the language version is missing", mark, f"put `archcost: {VERSION}` on the first line")
        else:
            _, value = root.entries["archcost"]
            if not isinstance(value, Scalar) or value.value != VERSION or isinstance(value.value, bool):
                message = f"this archcost reads version {VERSION} of the language, got {brief(value)}"
                self.report(message, value, f"write `archcost: {VERSION}`")
        self._misnamed = self.keys(root, known, what)
        self.spec.incomplete = self.spec.incomplete or "layers" in self._misnamed
        return root

    def _shared_parts(self, top: Mapping) -> list[tuple[str, Mark]]:
        """Read ``blocks`` and ``include``."""
        blocks = self.spec.blocks
        if "blocks" in top.entries:
            mapping = self.mapping(top.entries["blocks"][1], "'blocks'")
            self.spec.incomplete = self.spec.incomplete or mapping is None
            for key, value in mapping.entries.values() if mapping else ():
                block = self._block(key, value)
                if block.name in blocks:
                    self._clash(blocks[block.name], key)
                blocks.setdefault(block.name, block)
        includes = []
        if "include" in top.entries:
            value = top.entries["include"][1]
            for item in value.items if isinstance(value, Sequence) else [value]:
                path = self.text(item, "'include'")
                if path == "":
                    self.report("'include' names no file", item)
                if path:
                    includes.append((path, item.mark))
                else:
                    self.spec.incomplete = True
        return includes

    def _clash(self, first: Block, key: Scalar) -> None:
        """Report another block of a name; which of them a step means is not known."""
        first.broken = True
        if first.mark.source in (self.spec.text_source, *self.spec.bases):
            hint = f"rename that of {first.mark.source.name}, so that {key.mark.source.name} keeps its own"
        else:
            hint = "include one of the two files, and write what you need of the other into the spec, by another name"
        message, note = f"the block '{first.name}' is defined twice", f"it is defined at {first.mark}"
        self.problems.add(Diagnostic(message, key.mark, hint, (note,)))

    def _params(self, value: Value) -> dict[str, Param]:
        """Names to defaults; null means that a value is required."""
        params: dict[str, Param] = {}
        mapping = self.mapping(value, "'params'", partial(_way_out, "params", value))
        for item in value.items if isinstance(value, Sequence) else ():
            params[brief(item)] = Param(Template(UNKNOWN, item.mark), item.mark)
        for key, default in mapping.entries.values() if mapping else ():
            self.meter.spend(DECLARATION, key.mark)
            if not self.name(key, "a param"):
                continue
            if isinstance(default, Scalar) and default.value is None:
                params[key.text] = Param(None, key.mark)
            else:
                template = self.template(default, partial(_way_out, "param", default, key.text))
                params[key.text] = Param(template or Template(UNKNOWN, default.mark), key.mark)
        return params

    def _inputs(self, top: Mapping) -> None:
        entries = top.entries
        inputs = self.spec.inputs
        if "input" in entries and "inputs" in entries:
            self.report("a spec has `input` or `inputs`, not both", entries["inputs"][0])
        if "input" in entries:
            inputs["input"] = self._input(*entries["input"])
        elif "inputs" in entries:
            given = entries["inputs"][1]
            mapping = self.mapping(given, "'inputs'", partial(_way_out, "inputs", given))
            if mapping is None:
                inputs["input"] = _unknown_input(entries["inputs"][0])
            for key, value in mapping.entries.values() if mapping else ():
                self.meter.spend(DECLARATION, key.mark)
                self.label(key, "an input")
                inputs[key.text] = self._input(key, value)
        elif "layers" in entries:
            hint = "write `input: [3, 224, 224]`, without the batch"
            if "input" not in self._misnamed:
                self.report("the spec has no input", entries["layers"][0], hint)
            inputs["input"] = _unknown_input(entries["layers"][0])

    def _input(self, key: Scalar, value: Value) -> InputDeclaration:
        if not isinstance(value, Mapping):
            shape = self.template(value)
            return InputDeclaration(shape, None, True, key.mark) if shape else _unknown_input(key)
        misnamed = self.keys(value, ("shape", "dtype", "batch", "requires_grad"), "an input")
        known, dtype = True, None
        if "dtype" in value.entries:
            dtype = self.dtype(value.entries["dtype"][1])
            known = dtype is not None
        batch = self._flag(value, "batch", usual=True)
        learns = self._flag(value, "requires_grad", usual=False)
        known = known and batch is not None and learns is not None
        if learns and dtype in WHOLE_DTYPES:
            self.report(f"an input of {dtype} has no gradient", value.entries["requires_grad"][1], "leave it out")
            known = False
        if "shape" not in value.entries:
            if "shape" not in misnamed:
                self.report("an input needs its shape", key, "write `{shape: [3, 224, 224]}`")
            return _unknown_input(key)
        shape = self.template(value.entries["shape"][1])
        if not shape or not known:
            return _unknown_input(key)
        return InputDeclaration(shape, dtype, bool(batch), key.mark, bool(learns))

    def _flag(self, value: Mapping, name: str, *, usual: bool) -> bool | None:
        """A truth value of an input, the usual one where it is not given; None (and a problem) for any other."""
        if name not in value.entries:
            return usual
        flag = value.entries[name][1]
        if isinstance(flag, Scalar) and isinstance(flag.value, bool):
            return flag.value
        self.report(f"'{name}' of an input must be true or false, got {brief(flag)}", flag)
        return None

    def _block(self, key: Scalar, value: Value) -> Block:
        self.meter.spend(BODY, key.mark)
        block = Block(key.text, key.mark)
        if self.label(key, "a block") and key.text in MODIFIERS:
            self.report(f"'{key.text}' cannot name a block: steps use it already", key, "rename the block")
        mapping = self.mapping(value, f"the block '{brief(key)}'")
        if mapping is None:
            block.broken = True
            return block
        misnamed = self.keys(mapping, ("params", "inputs", "layers", "outputs"), f"the block '{brief(key)}'")
        entries = mapping.entries
        if "params" in entries:
            block.params = self._params(entries["params"][1])
            block.broken = len(block.params) != len(getattr(entries["params"][1], "entries", ()))
        if "inputs" in entries:
            block.inputs, block.takes_more = self.names(entries["inputs"][1], "'inputs' of a block")
            block.broken = block.broken or not block.inputs
            if block.takes_more and block.inputs and block.inputs[-1] in block.params:
                message = f"the block '{brief(key)}' calls its inputs '{block.inputs[-1]}', which is one of its params"
                self.report(message, entries["inputs"][1], "expressions see the shapes of these inputs by this name")
        if "layers" in entries:
            block.steps = read_steps(self, entries["layers"][1], f"the layers of '{brief(key)}'")
        else:
            if "layers" not in misnamed:
                self.report(f"the block '{brief(key)}' has no layers", key, "add `layers: [...]`, a list of steps")
            block.broken = True
        if "outputs" in entries:
            block.outputs = self.references(entries["outputs"][1], "outputs")
        return block


def _unknown_input(key: Scalar) -> InputDeclaration:
    return InputDeclaration(Template(UNKNOWN, key.mark), None, True, key.mark)


def _way_out(part: str, value: Value, name: str = "") -> str:
    """The help for a part of a spec that is written in another form."""
    from archcost.spec.helps import inputs, structure

    if part == "param":
        return structure.param_help(name, value)
    return structure.params_help(value) if part == "params" else inputs.inputs_help(value)
