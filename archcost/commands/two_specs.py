"""Options of one of two specs alone, and the reports of specs that stand beside each other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from archcost.commands.options import word_option
from archcost.dtypes import FLOAT_DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.named_specs import SpecResult
    from archcost.settings import Settings
    from archcost.spec.model import Spec

SetA = Annotated[
    list[str] | None, typer.Option("--set-a", metavar="NAME=VALUE", help="Override a param of the first spec.")
]
SetB = Annotated[
    list[str] | None, typer.Option("--set-b", metavar="NAME=VALUE", help="Override a param of the second spec.")
]
InputA = Annotated[
    list[str] | None, typer.Option("--input-a", metavar="[NAME=]SHAPE", help="--input of the first spec alone.")
]
InputB = Annotated[
    list[str] | None, typer.Option("--input-b", metavar="[NAME=]SHAPE", help="--input of the second spec alone.")
]
DtypeB = Annotated[str | None, word_option("--dtype-b", FLOAT_DTYPES, "DTYPE", "--dtype of the second spec alone.")]
WeightDtypeB = Annotated[
    str | None, typer.Option("--weight-dtype-b", metavar="DTYPE", help="--weight-dtype of the second spec alone.")
]
KvDtypeB = Annotated[
    str | None, typer.Option("--kv-dtype-b", metavar="DTYPE", help="--kv-dtype of the second spec alone.")
]
_TWO = 2  # specs, of which one has settings of its own


class OfOneSpec(NamedTuple):
    """What was given of these options, as it was typed."""

    set_a: Sequence[str] | None = None
    set_b: Sequence[str] | None = None
    input_a: Sequence[str] | None = None
    input_b: Sequence[str] | None = None
    dtype_b: str | None = None
    weight_dtype_b: str | None = None
    kv_dtype_b: str | None = None

    def check(self, specs: Sequence[str]) -> None:
        """Raise UsageError for such an option where there are not two specs."""
        from archcost.errors import UsageError

        given = [f"--{name.replace('_', '-')}" for name, words in self._asdict().items() if words]
        if given and len(specs) != _TWO:
            hint = "give the same spec twice to hold its settings against each other" if len(specs) == 1 else ""
            raise UsageError(f"{given[0]} is for two specs", hint)

    def added(self, each: Sequence[Settings]) -> Sequence[Settings]:
        """The settings of specs, of two with their own over those of both."""
        if len(each) != _TWO:
            return each
        first, second = each
        dtypes = {"dtype": self.dtype_b, "weight_dtype": self.weight_dtype_b, "kv_dtype": self.kv_dtype_b}
        given = {name: word for name, word in dtypes.items() if word}
        return [
            _with(first, "a", self.set_a, self.input_a),
            _with(second, "b", self.set_b, self.input_b).with_dtypes(given),
        ]


@contextmanager
def reports_of(names: Sequence[str], asked: Settings, own: OfOneSpec) -> Iterator[list[Report]]:
    """The reports of specs, each with the settings of all and its own; otherwise as ``option_values.analyzed``.

    An input that only some of them have is given to these.
    """
    from archcost.commands.option_values import analyzed, apart
    from archcost.graph.inputs import inputs_of_each

    own.check(names)
    alike = [asked] * len(names)
    read = [_read(*one) for one in zip(names, own.added(alike), strict=True)]
    specs, unread = apart(read)
    each = own.added(alike if unread else inputs_of_each(specs, asked))
    with analyzed([_analyzed(*one) for one in zip(names, read, each, strict=True)]) as reports:
        yield reports


def _read(name: str, asked: Settings) -> Spec | SpecResult:
    from archcost.named_specs import attempt_read, read_beside

    return attempt_read(name, lambda: read_beside(name, asked), lambda spec: spec)


def _analyzed(name: str, read: Spec | SpecResult, asked: Settings) -> SpecResult:
    """The result of a spec, or why it could not be read."""
    from archcost.analysis.report import analyze
    from archcost.named_specs import SpecResult, attempt_read

    if isinstance(read, SpecResult):
        return read
    return attempt_read(name, lambda: read, lambda spec: SpecResult(name, analyze(spec, asked)))


def _with(asked: Settings, side: str, params: Sequence[str] | None, inputs: Sequence[str] | None) -> Settings:
    """The settings of one of two specs: those of both, and its own over them."""
    from archcost.commands.option_values import parse_params
    from archcost.given_inputs import read_inputs

    return asked._replace(
        params={**asked.params, **parse_params(params or (), f"--set-{side}")},
        inputs={**asked.inputs, **read_inputs(inputs or (), f"--input-{side}")},
    )
