"""What archcost's own op says of a step: its outputs at both batch sizes, its weights and MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.model import Signature, TensorType
from archcost.graph.nodes import check_dtypes
from archcost.importers.form import Batched, FormTensor, fitted, shape_at
from archcost.ops import REGISTRY
from archcost.ops.base import OpError, apply, raise_on_false
from archcost.ops.field_types import REQUIRED, AttributeValueError, IntsField, SpatialField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.form import Attribute, Size
    from archcost.ops.base import Op
    from archcost.ops.field_types import AttributeField


class Unmapped(Exception):  # noqa: N818 - a verdict on a call, which lowering answers; nobody sees an error
    """Ops of archcost cannot say it; the text says why."""


class Typed(NamedTuple):
    """A step as archcost's op sees it; ``attributes`` are those that differ from the op's defaults."""

    outputs: tuple[FormTensor, ...]
    attributes: Mapping[str, Attribute]
    weights: dict[str, tuple[int, ...]]
    macs: Size | None  # None: unknown


class Typist:
    """Types steps at the batch sizes of a recording; equal ones once."""

    def __init__(self, batch_sizes: Sequence[int], dtype: str) -> None:
        self._batch_sizes = batch_sizes
        self._dtype = dtype
        self._known: dict[object, Typed | Unmapped] = {}

    def typed(self, kind: str, inputs: Sequence[FormTensor], attributes: Mapping[str, Attribute]) -> Typed:
        """Type a step; raises Unmapped if the op refuses its inputs or attributes."""
        key = (kind, *inputs, *attributes.items(), *[type(value) for value in attributes.values()])
        found = self._known.get(key)
        if found is None:
            try:
                found = self._typed(kind, inputs, attributes)
            except Unmapped as refusal:
                found = refusal
            self._known[key] = found
        if isinstance(found, Unmapped):
            raise found
        return found

    def _typed(self, kind: str, inputs: Sequence[FormTensor], attributes: Mapping[str, Attribute]) -> Typed:
        signatures = [self._signature(kind, inputs, attributes, batch) for batch in self._batch_sizes]
        ops, outputs = [signature.op for signature in signatures], []
        for place, tensor in enumerate(signatures[0].outputs):
            shapes = [signature.outputs[place].shape for signature in signatures]
            if len({len(shape) for shape in shapes}) > 1:
                raise Unmapped(f"{kind} gives tensors of different ranks at different batch sizes")
            outputs.append(
                FormTensor(tuple([self._fitted(kind, sizes) for sizes in zip(*shapes, strict=True)]), tensor.dtype)
            )
        macs = [each.op.macs(each.input_shapes, each.output_shapes) for each in (signatures[0], signatures[-1])]
        return Typed(
            tuple(outputs),
            _written(ops, attributes),
            {name: tuple(shape) for name, shape in signatures[0].weights().items()},
            None if "macs" in ops[0].unknown() else self._between_ends(kind, macs),
        )

    def _between_ends(self, kind: str, sizes: Sequence[int]) -> Size:
        """MACs, which may grow with the square of the batch: the spec's own op says what they are between."""
        ends = (self._batch_sizes[0], self._batch_sizes[-1])
        return self._fitted(kind, sizes[: len(set(ends))], ends)

    def _fitted(self, kind: str, sizes: Sequence[int], batches: Sequence[int] = ()) -> Size:
        try:
            return fitted(sizes, batches or self._batch_sizes)
        except ValueError as refusal:
            raise Unmapped(f"a figure of {kind} does not follow the batch: {refusal}") from None

    def _signature(
        self, kind: str, inputs: Sequence[FormTensor], attributes: Mapping[str, Attribute], batch: int
    ) -> Signature:
        types = tuple([TensorType(shape_at(tensor.shape, batch), tensor.dtype) for tensor in inputs])
        shapes = tuple([each.shape for each in types])
        dtypes = [each.dtype for each in types]
        try:
            op = REGISTRY[kind](**{name: attribute_at(value, batch) for name, value in attributes.items()})
            op.validate(raise_on_false)
            outputs = apply(op, shapes)
            check_dtypes(op, dtypes)
            dtype = op.result_dtype(shapes, dtypes, self._dtype)
        except (OpError, AttributeValueError, TypeError) as refusal:
            raise Unmapped(str(refusal)) from None
        return Signature(op, types, shapes, outputs, dtype, raise_on_false)


def attribute_at(value: Attribute, batch: int) -> Attribute:
    """An attribute at a batch size."""
    if isinstance(value, Batched):
        return value.at(batch)
    return tuple([attribute_at(item, batch) for item in value]) if type(value) is tuple else value


def _written(ops: Sequence[Op], attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """The attributes that differ from the defaults at one of the batch sizes, in the op's order."""
    found: dict[str, Attribute] = {}
    for name, field in ops[0].fields.items():
        if name not in attributes:
            continue
        value = attributes[name]
        if field.default is not REQUIRED and all(op.attribute(name) == _default(op, field) for op in ops):
            continue
        found[name] = _shorter(field, value)
    return found


def _default(op: Op, field: AttributeField) -> object:
    return field.parse(field.default, op.ndim)


def _shorter(field: AttributeField, value: Attribute) -> Attribute:
    """One number in place of equal ones for all spatial dims, and in place of a list of one, where it says the same."""
    if type(value) is not tuple or len(set(value)) != 1:
        return value
    says_same = isinstance(field, SpatialField) or (
        isinstance(field, IntsField) and field.scalar == "list" and len(value) == 1
    )
    return value[0] if says_same else value
