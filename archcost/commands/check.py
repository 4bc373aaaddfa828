"""``check``: budgets, growth over a baseline, and expected figures; exit 1 if a limit is exceeded."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import (
    Batch,
    Dtype,
    Inputs,
    KvDtype,
    Output,
    SetParams,
    Watch,
    WeightDtype,
    format_option,
)
from archcost.render.formats import BADGE, FULL, GITHUB, JUNIT, OF_VERDICTS, SARIF

ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="An archcost.toml or pyproject.toml; default: the nearest one upwards."
    ),
]
BaselineFile = Annotated[str | None, typer.Option("--baseline", metavar="FILE", help="The lock file.")]
AllowImport = Annotated[
    bool,
    typer.Option("--allow-import", help="Run the code that the configuration's models name; it must allow that, too."),
]
_FILE = "FILE"
_STRICT = "Fail if a growth limit has no baseline (a new spec under --baseline-ref), or if a limit guards nothing."


def _beside(param: typer.CallbackParam, path: str | None) -> str | None:
    """A file beside what is printed; raises UsageError for ``-``, where that is printed."""
    if path != "-":
        return path
    from archcost.errors import UsageError

    raise UsageError(f"{param.opts[0]} writes a file beside the verdict, and - is standard output", "name a file")


def _export(name: str) -> typer.models.OptionInfo:
    return typer.Option(  # type: ignore[no-any-return]
        f"--export-{name}", metavar=_FILE, callback=_beside, help=f"Also write {name} to this file."
    )


def check(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SPEC...]", help="As for analyze; default: those that the configuration lists."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        str | None, format_option(*OF_VERDICTS, default="full, or github in GitHub Actions")
    ] = None,
    output: Output = None,
    export_json: Annotated[str | None, _export("json")] = None,
    export_markdown: Annotated[str | None, _export("markdown")] = None,
    export_github: Annotated[str | None, _export("github")] = None,
    export_gitlab: Annotated[str | None, _export("gitlab")] = None,
    export_junit: Annotated[str | None, _export("junit")] = None,
    export_sarif: Annotated[str | None, _export("sarif")] = None,
    export_concise: Annotated[str | None, _export("concise")] = None,
    badge: Annotated[
        str | None,
        typer.Option(
            "--badge",
            metavar=_FILE,
            callback=_beside,
            help="Also write a badge for shields.io to this file: JSON.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not list limits that hold: one line if all do.")
    ] = False,
    watch: Watch = False,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    baseline: BaselineFile = None,
    baseline_ref: Annotated[
        str | None, typer.Option("--baseline-ref", metavar="REF", help="Measure growth from a git revision instead.")
    ] = None,
    expect: Annotated[bool, typer.Option("--expect", help="Also check the figures under `expect`.")] = False,
    latency: Annotated[bool, typer.Option("--latency", help="Measure latency and check its limits.")] = False,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    config: ConfigFile = None,
    strict: Annotated[bool, typer.Option("--strict", help=_STRICT)] = False,
    allow_import: AllowImport = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even if limits are exceeded.")] = False,
) -> None:
    """Check specs against their budgets: absolute limits, and growth over the baseline."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.commands.option_values import parse_inputs, parse_params
    from archcost.render.progress import progress
    from archcost.render.verdict_output import write_verdict

    if watch:
        from archcost.commands.watching import begin

        begin(specs or (), output)
    chosen = format or _format_of(output)
    verdict = archcost.check(
        specs or (),
        params=parse_params(settings or ()),
        inputs=parse_inputs(inputs or ()),
        batch=batch,
        config=config,
        baseline=baseline,
        baseline_ref=baseline_ref,
        expect=expect,
        latency=latency,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
        strict=strict,
        allow_import=allow_import,
        track=lambda paths: progress(paths, "checking"),
    )
    files = {
        "json": export_json,
        "markdown": export_markdown,
        "github": export_github,
        "gitlab": export_gitlab,
        "junit": export_junit,
        "sarif": export_sarif,
        "concise": export_concise,
        BADGE: badge,
    }
    exports = {name: path for name, path in files.items() if path is not None}
    write_verdict(verdict, chosen, output, exports, quiet=quiet)
    if verdict.exit_code == 2 or (verdict.exit_code and not exit_zero):  # noqa: PLR2004 - could not judge
        raise typer.Exit(verdict.exit_code)


def _format_of(output: str | None) -> str:
    """The format where none is asked for: that of the file's name; what a table is elsewhere is the full report."""
    from archcost.render.printing import format_of
    from archcost.render.verdict_output import in_github_actions

    if output is None and in_github_actions():
        return GITHUB
    named = format_of(output, {".sarif": SARIF, ".xml": JUNIT})
    return FULL if named == "table" else named
