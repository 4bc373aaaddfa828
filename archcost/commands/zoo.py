"""``zoo``: the models that come with archcost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.options import Digits, Dtype, Format, KvDtype, Output, WeightDtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.render.document import Document
    from archcost.zoo_index import ZooModel


def zoo(
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|PATTERN]",
            help="A model, to see what it is; or a part of names or families, or a wildcard, to list what fits.",
        ),
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    digits: Digits = None,
    family: Annotated[
        str | None, typer.Option("--family", metavar="NAME", help="Only this family; case does not matter.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Check every model against its stated figures and count their sources; exit 1 if one differs. "
            "With --format, every figure.",
        ),
    ] = False,
    copy: Annotated[
        str | None, typer.Option("--copy", metavar="FILE", help="Write the model's spec to a file, to begin with.")
    ] = None,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
) -> None:
    """List the models that come with archcost, or show one of them."""
    # long: an option a line, and what does not go with what
    from archcost import zoo_index
    from archcost.render.printing import format_of, write
    from archcost.settings import Settings

    asked = Settings(dtype=dtype, weight_dtype=weight_dtype, kv_dtype=kv_dtype)
    if asked.dtypes and (check or copy is not None):
        from archcost.errors import UsageError

        option = next(iter(asked.dtypes)).replace("_", "-")
        raise UsageError(f"--{option} is for figures, and {'--check' if check else '--copy'} has models as they stand")
    if copy is not None:
        _copy(pattern, copy)
        return
    names = zoo_index.model_names(pattern, family)
    chosen = format or format_of(output)
    if check:
        import archcost
        from archcost.render.zoo_check import ZooCheckDocument

        reports, broken = _reports(names)
        found = archcost.zoo_check(reports)
        write(ZooCheckDocument(found, listed=bool(format) or chosen != "table"), chosen, output, digits)
        if not found.holds:
            raise typer.Exit(1)
    else:
        from archcost.render.output import print_diagnostics
        from archcost.render.progress import progress

        models, problems = zoo_index.models(names, asked, lambda found: progress(found, "analysing"))
        print_diagnostics(problems)
        write(_document(pattern, models), chosen, output, digits)
        broken = bool(problems)
    if broken:
        raise typer.Exit(2)


def _copy(name: str | None, path: str) -> None:
    """Write the spec of a model to a file that is not there yet; raises UsageError."""
    import archcost
    from archcost.errors import UsageError
    from archcost.render.output import print_done
    from archcost.writing import write_new

    if name is None:
        raise UsageError("--copy takes the name of a model", "`archcost zoo resnet18 --copy net.yaml`")
    write_new(path, archcost.zoo_copy(name))
    print_done(f"wrote {path}: `archcost analyze {path}` has its figures")


def _document(pattern: str | None, models: Sequence[ZooModel]) -> Document:
    """The one model that is named, or all that fit."""
    from archcost import model_zoo
    from archcost.render.zoo import ZooDocument, ZooModelDocument

    if [model.name for model in models] != [pattern]:
        return ZooDocument(models)
    others = sum(models[0].name in name for name in model_zoo.names()) - 1
    return ZooModelDocument(models[0], others)


def _reports(names: Sequence[str]) -> tuple[list[Report], bool]:
    """The reports of models; and whether one cannot be analysed."""
    from archcost.commands.option_values import analyze_all
    from archcost.render.output import print_diagnostics
    from archcost.settings import AS_IT_STANDS

    results = analyze_all(names, AS_IT_STANDS)
    diagnostics = [diagnostic for result in results for diagnostic in result.diagnostics]
    print_diagnostics(diagnostics)
    reports = [result.report for result in results if result.report is not None and not result.diagnostics]
    return reports, bool(diagnostics)
