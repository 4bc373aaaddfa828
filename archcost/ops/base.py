"""The Op base class, the registry of kinds, and the check that shape rules call.

An op is a frozen value made of its attributes. Its methods are pure functions of shapes: ``infer`` validates the inputs
and computes the output shapes, ``weights`` and ``buffers`` name its tensors, ``macs`` and ``flops`` count. They work on
integers, symbols and tables of candidates alike (see :mod:`archcost.dims`).
"""

# long: the whole contract of an op, and its registry

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, dataclass_transform

from archcost.dims import numel, total
from archcost.dtypes import INDEX_DTYPE, INDEX_DTYPES
from archcost.ops import fields
from archcost.ops.facets import FAMILIES, Keeps, Work, WrittenAs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.fields import AttributeField
    from archcost.ops.reach import Reading

Inputs = tuple["Shape", ...]
Outputs = tuple["Shape", ...]
OpType = TypeVar("OpType", bound="type[Op]")
Factor = tuple[int, ...]  # what a factor of a product follows from: inputs, by place, and WEIGHTS
Product = tuple["Dim", Factor, Factor]  # its MACs, and its two factors
WEIGHTS = -1

REGISTRY: dict[str, type[Op]] = {}
MATRIX, SCALE, BIAS, OTHER = "matrix", "scale", "bias", "other"  # what a learnable tensor is to its op
LAYOUTS = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


INFERRED_SIZE: AttributeField = fields.size(doc="follows from the input; written, it must be the input's")


class OpError(Exception):
    """The inputs do not fit an op. It has a message, and a help line if there is a way to fix it."""

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002 - the word users see
        super().__init__(message)
        self.message = message
        self.help = help


class Check(Protocol):
    """Checks a condition over dims: raises if it is False for ints, marks invalid variants for tables."""

    def __call__(
        self,
        condition: bool,  # noqa: FBT001 - a condition is what it takes
        message: str,
        *details: object,
        help: str | Callable[[], str] = "",  # noqa: A002 - the word users see
    ) -> None:
        """``message`` is formatted with ``details`` only when the condition fails."""


def raise_on_false(
    condition: bool,  # noqa: FBT001 - see Check
    message: str,
    *details: object,
    help: str | Callable[[], str] = "",  # noqa: A002 - see Check
) -> None:
    """The Check for integer shapes: raises OpError when the condition is false."""
    if not condition:
        raise OpError(message.format(*map(shape_text, details)), help if isinstance(help, str) else help())


def raising() -> Check:
    """The check of every layer where sizes are ints: it keeps nothing, because the first failure is the last."""
    return raise_on_false


def unchecked(condition: bool, message: str, *details: object, help: object = "") -> None:  # noqa: A002, FBT001 - see Check
    """The Check for shapes that ``infer`` has already checked."""


def shape_text(detail: object) -> object:
    """A shape as users read it, ``(1, 64, 28, 28)``; anything else unchanged."""
    return "(" + ", ".join(map(str, detail)) + ")" if isinstance(detail, tuple) else detail


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
        fields.choice,
        fields.dtype,
        fields.flag,
        fields.index,
        fields.indices,
        fields.integer,
        fields.integers,
        fields.number,
        fields.numbers,
        fields.shapes,
        fields.size,
        fields.sizes,
        fields.spatial,
        fields.text,
    ),
)
class Op:
    """Base of all ops: attributes from fields, no weights, no MACs, no other arithmetic, one input."""

    kind: ClassVar[str] = ""
    fields: ClassVar[dict[str, AttributeField]] = {}
    ndim: ClassVar[int] = 1  # spatial dimensions, for attributes given per dimension
    stem: ClassVar[str] = ""  # the kind without its number of spatial dimensions
    family: ClassVar[str] = ""  # the heading in the reference
    work: ClassVar[Work]
    written: ClassVar[WrittenAs]
    keeps: ClassVar[Keeps]
    fused_in: ClassVar[str] = ""  # a library that has one operator for it, which no counter knows
    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 1  # None: any number
    min_rank: ClassVar[int] = 0
    max_rank: ClassVar[int | None] = None
    layout: ClassVar[str] = ""  # the dims of an input in words, for messages
    input_names: ClassVar[tuple[str, ...]] = ("input",)
    vectors: ClassVar[tuple[int, ...]] = ()  # inputs that have one dim, whatever the others have
    on_weight: ClassVar[str] = ""  # the kind of the same op whose weight is an input: a step of several inputs is it
    main_output: ClassVar[bool] = True  # with several outputs: a bare reference means output 0
    index_inputs: ClassVar[tuple[int, ...]] = ()  # those that hold whole numbers which name places
    index_dtypes: ClassVar[tuple[str, ...]] = INDEX_DTYPES  # of those
    mask_inputs: ClassVar[tuple[int, ...]] = ()  # those that hold truth values
    index_outputs: ClassVar[tuple[int, ...]] = ()  # likewise
    channels: ClassVar[int | None] = None  # the dim of an input that holds channels or features; None: any
    integer_buffers: ClassVar[tuple[str, ...]] = ()  # those that hold int64, not the model's dtype
    roles: ClassVar[Mapping[str, str]] = {"bias": BIAS}  # of its weights by name; all others are matrices
    declared: ClassVar[bool] = False  # its figures are what the spec says of it: nothing else knows them
    torch_name: ClassVar[str] = ""  # the class, function (torch.cat, F.pad) or method, if not of its own name or kind
    inferred: ClassVar[str] = ""  # the argument of that class that is the size of the first input's channels
    main: ClassVar[str] = ""  # the attribute that a value alone stands for, if not the only one that is required

    def __init_subclass__(cls, *, kind: str = "", **class_variables: Any) -> None:
        super().__init_subclass__()
        if "family" in class_variables:  # it decides what the class does not say of itself
            facets = FAMILIES[class_variables["family"]]._asdict().items()
            class_variables = {name: value for name, value in facets if name not in vars(cls)} | class_variables
        for name, value in class_variables.items():
            setattr(cls, name, value)
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, fields.AttributeField)}
        own = vars(cls).get("fields", {}) | declared
        if own or len(cls.__bases__) > 1:
            inherited = [getattr(base, "fields", {}) for base in reversed(cls.__bases__)]
            cls.fields = {name: field for fields_of_base in (*inherited, own) for name, field in fields_of_base.items()}
        for name in declared:
            delattr(cls, name)
        if kind:
            cls.kind = cls.stem = kind
            if "torch_name" not in vars(cls):
                cls.torch_name = kind if cls.written is WrittenAs.FUNCTION else cls.__name__
            register(cls)

    def __init__(self, **attributes: Any) -> None:
        """Take attributes by name; TypeError for unknown or missing ones, AttributeValueError for bad values."""
        values = self.__dict__
        defaults, required = _defaults(type(self))
        values.update(defaults)
        known, ndim = self.fields, self.ndim
        for name, value in attributes.items():
            field = known.get(name)
            if field is None:
                raise TypeError(f"{self.kind} has no attribute '{name}'")
            values[name] = field.parse(value, ndim)
        for name in required:
            if name not in attributes:
                raise TypeError(f"{self.kind} needs the attribute '{name}'")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.kind} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self.kind} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.kind, *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join([f'{name}={value!r}' for name, value in self.changed().items()])})"

    def changed(self) -> dict[str, Any]:
        """The attributes that are not at their defaults, by name."""
        values = self.__dict__.items()  # compared as text: a table has no truth value
        return {name: value for name, value in values if repr(value) != repr(self._default(name))}

    def attribute(self, name: str) -> Any:
        """The value of an attribute."""
        return self.__dict__[name]

    def field_of(self, name: str) -> AttributeField:
        """The field of an attribute, by the name under which the op holds it."""
        return self.fields[name]

    def letters(self) -> tuple[str, ...]:
        """The dims of each input as formulas call them, the last for all further inputs; by default the layout."""
        return (self.layout,)

    def help_with_more(self, count: int) -> str:
        """What to do where there are so many inputs, more than the op takes."""
        del count  # those that take two say more of more
        return "pick one of them with `from: id`" if self.max_inputs == 1 else ""

    def output_letters(self) -> str:
        """The dims of the first output in words; by default those of the first input, if there are as many."""
        return ""

    @staticmethod
    def named(name: str, value: Dim) -> Dim:
        """A number that a rule computes with and that is no attribute, with what formulas call it."""
        del name
        return value

    def _default(self, name: str) -> Any:
        """The value that an attribute has when it is left out."""
        field = self.field_of(name)
        return field.default if field.default is fields.REQUIRED else field.parse(field.default, self.ndim)

    def validate(self, check: Check) -> None:
        """Check attributes against each other, without inputs; by default there is nothing to check."""

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        """The output shapes; by default that of the input. ``check`` judges every condition on the inputs."""
        del check
        return inputs[:1]

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        """The dtype of the outputs; by default that of the first input.

        ``own`` is the dtype of the model, which weights have, and outputs where there is no input, or only indices.
        Outputs that hold places (``index_outputs``) are int64 all the same.
        """
        del inputs
        return dtypes[0] if dtypes and 0 not in self.index_inputs else own

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        """Learnable tensors by the name that torch gives them; by default none."""
        del inputs
        return {}

    def role(self, name: str) -> str:
        """What a weight is used for: a ``bias`` is added, a ``scale`` multiplies element by element.

        A ``matrix`` is multiplied in a matrix product or looked up: a matrix, a kernel, a table. ``other`` means that
        its use is not known.
        """
        return self.roles.get(name, MATRIX)

    def buffers(self, inputs: Inputs) -> dict[str, Shape]:
        """Tensors that are saved but not learnt (running statistics); by default none."""
        del inputs
        return {}

    def buffer_dtype(self, name: str, own: str) -> str:
        """The dtype of a buffer: that of the model, ``own``, unless it holds places or counts."""
        return INDEX_DTYPE if name in self.integer_buffers else own

    def indexed(self, inputs: Inputs) -> Dim:
        """How many places there are that the indices may name; every op with ``index_inputs`` says so."""
        raise NotImplementedError  # pragma: no cover - see above

    def trainable(self) -> bool:
        """Whether the weights are learnt; by default they are."""
        return True

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        """Multiply-accumulates; by default 0."""
        del inputs, outputs
        return 0

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """The products that the MACs are of, and what their factors follow from: each may need a gradient.

        By default one, of all inputs and the weights; of the first two inputs where there are no weights.
        """
        if self.weights(inputs):
            factors: tuple[Factor, Factor] = tuple(range(len(inputs))), (WEIGHTS,)
        else:
            factors = (0,), (1,)
        return ((self.macs(inputs, outputs), *factors),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        """Arithmetic operations beyond the multiply-accumulates; by default 0."""
        del inputs, outputs
        return 0

    def kept(self, inputs: Inputs) -> Shape | None:
        """The shape of what is kept for the next step, in a KV cache; by default nothing."""
        del inputs
        return None

    def idle_params(self, inputs: Inputs) -> Dim:
        """Learnable numbers that one token does not use; by default 0."""
        del inputs
        return 0

    def parts(self, inputs: Inputs) -> int:
        """How many parts the op consists of that run one after the other (layers, experts); by default 0, for none.

        The number follows from the attributes, so the parts can be counted before anything of that size is built.
        """
        return 0

    def unknown(self) -> tuple[str, ...]:
        """Which of ``macs`` and ``flops`` are unknown; the methods then give the known part. By default none."""
        return ()

    def read_weights(self, inputs: Inputs, outputs: Outputs) -> Dim:
        """Elements of the weights that one run reads; by default all."""
        return total(map(numel, self.weights(inputs).values()))

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        """Which elements of each input an element of output ``number`` reads; every op defines it. Sizes are ints."""
        raise NotImplementedError  # pragma: no cover - every op defines it


_DEFAULTS: dict[type[Op], tuple[dict[str, Any], tuple[str, ...]]] = {}


def _defaults(kind: type[Op]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The attributes of an op in their order, at their defaults, and the names of those that have none."""
    found = _DEFAULTS.get(kind)
    if found is None:
        parsed = {
            name: field.default if field.default is fields.REQUIRED else field.parse(field.default, kind.ndim)
            for name, field in kind.fields.items()
        }
        required = tuple([name for name, value in parsed.items() if value is fields.REQUIRED])
        found = _DEFAULTS[kind] = (parsed, required)
    return found


def alone(op: type[Op]) -> str:
    """The attribute that a value in place of all stands for, as in ``linear: 10``; empty if there is none."""
    required = [name for name, field in op.fields.items() if field.default is fields.REQUIRED]
    return op.main or (required[0] if len(required) == 1 else "")


def asserted_size(op: type[Op]) -> str:
    """What torch is told of the input's size and an op infers: a step may say it, and is held to it."""
    return op.inferred if op.inferred not in op.fields else ""


class SpatialOp(Op):
    """An op over (N, C, *spatial) with exactly ``ndim`` spatial dimensions."""

    channels = 1

    def __init_subclass__(cls, *, kind: str = "", **class_variables: Any) -> None:
        super().__init_subclass__(kind=kind, **class_variables)
        if kind:
            cls.min_rank = cls.max_rank = cls.ndim + 2
            cls.layout = LAYOUTS[cls.ndim]
            cls.stem = kind.removesuffix(f"{cls.ndim}d")


class Later:
    """A detail of a message, computed only if the message is shown: ``str()`` calls ``text(*arguments)``."""

    __slots__ = ("arguments", "text")

    def __init__(self, text: Callable[..., str], *arguments: object) -> None:
        self.text = text
        self.arguments = arguments

    def __str__(self) -> str:
        return self.text(*self.arguments)


def register(cls: OpType) -> OpType:
    """Enter an op class under its kind; raises ValueError if the kind is taken."""
    if cls.kind in REGISTRY:
        raise ValueError(f"the op kind '{cls.kind}' is registered twice: {REGISTRY[cls.kind]!r} and {cls!r}")
    REGISTRY[cls.kind] = cls
    return cls


def apply(op: Op, inputs: Inputs, check: Check = raise_on_false) -> Outputs:
    """Output shapes of an op: arity and ranks are checked before ``infer``, and every size > 0 after it."""
    count = len(inputs)
    if count < op.min_inputs or (op.max_inputs is not None and count > op.max_inputs):
        raise OpError(f"{op.kind} takes {arity_text(op)}, got {count}", _arity_help(op, count))
    for place, shape in enumerate(inputs):
        rank = len(shape)
        if place in op.vectors:
            if rank != 1:
                raise OpError(f"the {op.input_names[place]} of {op.kind} has one dim, got {shape_text(shape)}")
            continue
        if rank < op.min_rank or (op.max_rank is not None and rank > op.max_rank):
            wanted = f"{op.min_rank}" if op.max_rank == op.min_rank else f"{op.min_rank} or more"
            if op.max_rank not in (None, op.min_rank):
                wanted = f"{op.min_rank} to {op.max_rank}"
            layout = f" {op.layout}" if op.layout else ""
            raise OpError(f"{op.kind} takes an input of {wanted} dims{layout}, got {shape_text(shape)}", _rank_help(op))
    outputs = op.infer(inputs, check)
    for shape in outputs:
        for dim in shape:
            if type(dim) is int and dim > 0:
                continue
            check(dim > 0, "{} would give an output of shape {}: every size must be at least 1", op.kind, shape)
    return outputs


def arity_text(op: Op | type[Op]) -> str:
    """How many inputs an op takes, in words."""
    low, high = op.min_inputs, op.max_inputs
    if high == low:
        return "no input" if low == 0 else f"{low} input" + "s" * (low > 1)
    return f"{low} or more inputs" if high is None else f"{low} to {high} inputs"


def _arity_help(op: Op, count: int) -> str:
    if count < op.min_inputs:
        names = op.input_names[: op.min_inputs]
        if set(names) <= {"input", "other"}:
            names = tuple("abcdefgh"[: op.min_inputs])
        many = f"name them: `from: [{', '.join(names)}]`, or give `branches`"
        return many if len(names) > 1 else "name it: `from: a`"
    return op.help_with_more(count)


def _rank_help(op: Op) -> str:
    if op.kind == "linear":
        return ""
    return "the batch is dim 0; `flatten`, `reshape` or `unsqueeze` change the number of dims" if op.min_rank else ""
