"""The inputs of a run: their shapes and dtypes, and tensors of them at a batch size."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from archcost.errors import UsageError, suggestion
from archcost.importers.input_names import UnknownInputError, name_in_model
from archcost.importers.torch.foreign import Foreign
from archcost.importers.torch.recorded import Inputs
from archcost.settings import THE_ONLY, InputShape, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn

SOLE = "input"  # what the only input is called in a spec
FLOATING = "float32"
_SEED = 0
_EXAMPLE = "128"  # a shape
_OF_TABLES = re.compile(r"(^|_)(ids?|idx|index|indices|tokens?|words?|chars?|src|tgt|labels?)$")  # what embeddings read
_SHOWN = 8  # inputs in a message


class SampleInput(NamedTuple):
    """An input without the batch; ``keyword``: it is given by its name, others by their place."""

    name: str
    shape: tuple[int, ...]
    dtype: str = FLOATING
    keyword: bool = False

    def __str__(self) -> str:
        name = THE_ONLY if self.name == SOLE else self.name
        return input_text(name, InputShape(self.shape, self.dtype if self.dtype != FLOATING else ""))


@dataclass(frozen=True)
class RunInputs:
    """What a model is run with: inputs, those by place first, and arguments that are no tensors."""

    inputs: tuple[SampleInput, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, batch: int, device: torch.device) -> Inputs:
        """Arguments at a batch size, on a device."""
        made = {each: example((batch, *each.shape), each.dtype, device) for each in self.inputs}
        args = tuple([tensor for each, tensor in made.items() if not each.keyword])
        kwargs = {each.name: tensor for each, tensor in made.items() if each.keyword}
        return Inputs(args, kwargs | dict(self.options), tuple([each.name for each in self.inputs]))

    def __str__(self) -> str:
        return ", ".join(map(str, self.inputs))


def sample_of(given: Mapping[str, InputShape], usual: RunInputs | None, model: nn.Module, text: str) -> RunInputs:
    """The inputs that are asked for; by default those of the library, where it says them.

    A name is an argument of the model's forward pass; of what has a usual input, the dtype and the options hold. Raises
    UsageError, which names ``--input``, where nobody says what the model takes.
    """
    arguments = _arguments(model, text)
    tables = _tables(model, text)
    names = [each.name for each in arguments]
    if not given:
        if usual is None:
            raise UsageError(f"archcost does not know what {text} takes", _hint(arguments, tables))
        return usual
    known = {each.name: each for each in usual.inputs} if usual is not None else {}
    inputs = []
    for word, asked in given.items():
        name = name_in_model(word, [SOLE, *names])
        if name in (THE_ONLY, SOLE) and name not in names:
            alone = usual.inputs[0] if usual is not None and len(usual.inputs) == 1 else SampleInput(SOLE, ())
            _refuse_batch(alone, asked, text)
            inputs.append(alone._replace(shape=tuple(asked), dtype=asked.dtype or alone.dtype))
        elif names and name not in names:
            raise UnknownInputError(word, suggestion(name, names, "inputs") or _hint(arguments, tables))
        else:
            dtype = asked.dtype or (known[name].dtype if name in known else FLOATING)
            inputs.append(SampleInput(name, tuple(asked), dtype, keyword=True))
    options = usual.options if usual is not None else {}
    _refuse_fewer(inputs, options, arguments, tables, text)
    return RunInputs(tuple(sorted(inputs, key=lambda each: each.keyword)), options)


def _refuse_batch(usual: SampleInput, asked: InputShape, text: str) -> None:
    """Raise UsageError for a shape that has the batch in front of one that is usual."""
    if usual.shape and len(asked) == len(usual.shape) + 1:
        without = input_text(THE_ONLY, InputShape(asked[1:], asked.dtype))
        message = (
            f"the input of {text} has {len(usual.shape)} dims without the batch, got {input_text(THE_ONLY, asked)}"
        )
        raise UsageError(message, f"leave the batch out: `--input {without}`")


def _refuse_fewer(
    inputs: Sequence[SampleInput],
    options: Mapping[str, Any],
    arguments: Sequence[Parameter],
    tables: frozenset[str],
    text: str,
) -> None:
    """Raise UsageError, with their names, where a forward pass needs more than it is given."""
    by_place = sum(not each.keyword for each in inputs)
    given = {each.name for each in inputs} | options.keys()
    missing = [each.name for each in arguments[by_place:] if each.default is each.empty and each.name not in given]
    if missing:
        said = " ".join(f"--input {each}" for each in inputs if each.keyword)
        way = " ".join(_example(each, tables) for each in arguments if each.name in missing)
        raise UsageError(f"{text} needs more: {', '.join(missing)}", f"name each input: `{f'{said} {way}'.strip()}`")


def _arguments(model: nn.Module, text: str) -> list[Parameter]:
    """The arguments of a forward pass; none where it takes any, or is not Python's."""
    with Foreign(text, "looked at"):
        try:
            parameters = signature(model.forward).parameters.values()
        except (TypeError, ValueError):
            return []
        if any(each.kind is Parameter.VAR_KEYWORD for each in parameters):
            return []
        return [each for each in parameters if each.kind is not Parameter.VAR_POSITIONAL]


def _tables(model: nn.Module, text: str) -> frozenset[str]:
    """What the tables of embeddings of a model are called; none where it has none."""
    kinds = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    with Foreign(text, "looked at"):
        found = [name for name, each in model.named_modules() if isinstance(each, kinds)]
    return frozenset([name.rpartition(".")[2] for name in found])


def _example(argument: Parameter, tables: frozenset[str]) -> str:
    """An argument as ``--input`` gives it: whole numbers for what is called like a table of the model, or like ids."""
    said = str(argument.annotation)
    whole = bool(tables) and (argument.name in tables or bool(_OF_TABLES.search(argument.name)))
    return f"--input {argument.name}={_EXAMPLE}" + ":int64" * (whole or "LongTensor" in said)


def _hint(arguments: Sequence[Parameter], tables: frozenset[str]) -> str:
    """How to say it: by shape, or by names where there are several, each that it needs in an example."""
    names = [each.name for each in arguments]
    needed = [each.name for each in arguments if each.default is each.empty]
    if len(names) <= 1 and not (arguments and _example(arguments[0], tables).endswith(":int64")):
        return "say the shape of its input without the batch: `--input 3x224x224`"
    said = " ".join([_example(each, tables) for each in arguments if each.name in (needed or names[:1])])
    whole = ", and `:int64` behind those that an embedding reads" if tables and ":int64" not in said else ""
    listed = f"{', '.join(names[:_SHOWN])}{', …' * (len(names) > _SHOWN)}"
    return f"say the shapes of its inputs without the batch, by name: `{said}` (it takes {listed}){whole}"


def example(shape: tuple[int, ...], dtype: str, device: torch.device) -> torch.Tensor:
    """A tensor: zeros where whole numbers are places in a table, truths, or random numbers, the same in each run."""
    kind: torch.dtype = getattr(torch, dtype)
    if kind is torch.bool:
        return torch.ones(shape, dtype=kind, device=device)
    if not (kind.is_floating_point or kind.is_complex):
        return torch.zeros(shape, dtype=kind, device=device)
    if device.type == "meta":
        return torch.empty(shape, dtype=kind, device=device)
    chance = torch.Generator().manual_seed(_SEED)
    return torch.rand(shape, generator=chance).to(kind).to(device)
