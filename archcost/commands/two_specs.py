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

    def added(self, both: Sequence[Settings]) -> list[Settings]:
        """The settings of two specs with their own over those of both."""
        first, second = both
        dtypes = {"dtype": self.dtype_b, "weight_dtype": self.weight_dtype_b, "kv_dtype": self.kv_dtype_b}
        given = {name: word for name, word in dtypes.items() if word}
        return [
            _with(first, "a", self.set_a, self.input_a),
            _with(second, "b", self.set_b, self.input_b).with_dtypes(given),
        ]


@contextmanager
def reports_of(names: Sequence[str], asked: Settings, own: OfOneSpec) -> Iterator[list[Report]]:
    """The reports of specs, each with the settings of all and its own; otherwise as ``option_values.analyzed``.

    An input that only some of them have is given to these. Of what is imported or typed in, every one gets all.
    """
    from archcost.commands.option_values import analyzed

    own.check(names)
    each, specs = _of_each(names, asked)
    if len(names) == _TWO:
        each = own.added(each)
    with analyzed([_analyzed(*one) for one in zip(names, each, specs, strict=True)]) as reports:
        yield reports


def _analyzed(name: str, asked: Settings, known: Spec | None) -> SpecResult:
    """The result of a spec, which may have been read; what an import was asked for may be another input."""
    from archcost.analysis.report import analyze
    from archcost.named_specs import SpecResult, attempt_read, read_spec

    def read() -> Spec:
        return known if known is not None and known.imported_with is None else read_spec(name, asked)

    return attempt_read(name, read, lambda spec: SpecResult(name, analyze(spec, asked)))


def _of_each(names: Sequence[str], asked: Settings) -> tuple[list[Settings], Sequence[Spec | None]]:
    """The settings of each spec, without the inputs that only others have; and the specs that were read for that."""
    from archcost.errors import ArchcostError
    from archcost.graph.inputs import inputs_of_each
    from archcost.importers.sources import parse_source
    from archcost.named_specs import read_spec

    alike, unread = [asked] * len(names), [None] * len(names)
    if not any(asked.inputs) or any(name == "-" or parse_source(name) for name in names):
        return alike, unread
    try:
        specs = [read_spec(name) for name in names]
    except ArchcostError:  # told by whoever analyses it
        return alike, unread
    return inputs_of_each(specs, asked), specs


def _with(asked: Settings, side: str, params: Sequence[str] | None, inputs: Sequence[str] | None) -> Settings:
    """The settings of one of two specs: those of both, and its own over them."""
    from archcost.commands.option_values import parse_params
    from archcost.given_inputs import read_inputs

    return asked._replace(
        params={**asked.params, **parse_params(params or (), f"--set-{side}")},
        inputs={**asked.inputs, **read_inputs(inputs or (), f"--input-{side}")},
    )
