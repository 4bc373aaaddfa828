"""The settings of an analysis, in one value that the graph carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

THE_ONLY = ""  # the name of an input that has no other beside it


class InputShape(tuple[int, ...]):  # noqa: SLOT001 - a tuple has no room for slots
    """The shape of an input without the batch, and its dtype where one is asked for (else empty)."""

    dtype: str

    def __new__(cls, sizes: Iterable[int], dtype: str = "") -> Self:
        shape = super().__new__(cls, sizes)
        shape.dtype = dtype
        return shape

    def __reduce__(self) -> tuple[type[InputShape], tuple[tuple[int, ...], str]]:
        return InputShape, (tuple(self), self.dtype)


class Lora(NamedTuple):
    """Adapters of low rank on the layers that ``targets`` name, patterns of paths, while all other weights are frozen.

    No targets: all linear layers but those that give an output of the model.
    """

    rank: int
    targets: tuple[str, ...] = ()


class Settings(NamedTuple):
    """The settings of an analysis, as they were given; a graph depends on them and the spec alone.

    ``params`` override the spec's own. ``batch`` is the size of dim 0 of the inputs. ``training`` includes what a spec
    builds only then. ``dtype`` is that of weights and floating inputs (None: the spec's), ``weight_dtype`` that of the
    matrices among the weights (None: the dtype), ``kv_dtype`` that of the KV cache between steps (None: that of the
    keys and values). ``inputs`` replace the shapes of the spec's inputs, by their names, or by none where there is just
    one; as in the spec, the batch is no part of them. ``lora`` adds adapters.
    """

    params: Mapping[str, Any] = {}
    batch: int = 1
    training: bool = False
    dtype: str | None = None
    weight_dtype: str | None = None
    inputs: Mapping[str, InputShape] = {}
    kv_dtype: str | None = None
    lora: Lora | None = None

    @property
    def dtypes(self) -> dict[str, str]:
        """The dtypes that were given, by the names of their settings."""
        return {name: given for name in DTYPES if (given := getattr(self, name)) is not None}

    def with_dtypes(self, given: Mapping[str, Any]) -> Settings:
        """The same with dtypes by the names of their settings."""
        return self._replace(**given)

    @property
    def as_it_stands(self) -> bool:
        """Whether the model is that of the spec itself, whose expected figures then hold; dtypes change bytes alone."""
        changed = self.params or self.inputs or self.training or self.lora
        return self.batch == 1 and not changed


DTYPES = ("dtype", "weight_dtype", "kv_dtype")  # the settings that change bytes alone
AS_IT_STANDS = Settings()


def input_text(name: str, shape: Iterable[int]) -> str:
    """A replaced input as it is typed: ``3x480x640``, or ``image=3x480x640``."""
    sizes = "x".join(map(str, shape))
    dtype = f":{shape.dtype}" if isinstance(shape, InputShape) and shape.dtype else ""
    return f"{name}={sizes}{dtype}" if name != THE_ONLY else sizes + dtype


def shapes_by_name(inputs: Mapping[str, Sequence[int]] | Sequence[int] | None) -> dict[str, InputShape]:
    """Shapes of inputs as settings have them: a mapping by name, or the shape of the only input."""
    if inputs is None:
        return {}
    named = inputs if hasattr(inputs, "items") else {THE_ONLY: inputs}
    return {name: shape if isinstance(shape, InputShape) else InputShape(shape) for name, shape in named.items()}
