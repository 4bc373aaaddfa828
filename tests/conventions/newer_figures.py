"""What the tools of `make peers` printed, as it is on disk: for every case of an op, and every model of the cover.

python -m tests.conventions.newer_figures  # run them all, and write the file anew
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.conventions import EARLIER, NEWER, convention

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = Path(__file__).parents[1] / "data" / "newer_tools.json"
NAMES = (*NEWER, *EARLIER)
Figures = dict[str, dict[str, int | None]]


class Printed(NamedTuple):
    """What was run and when; figures of cases and models by name and tool, None where the tool fails."""

    date: str
    torch: str
    versions: dict[str, str]
    cases: Figures
    models: Figures


@cache
def printed() -> Printed:
    """What the file holds."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    cases, models = (figures_of(data, part) for part in ("cases", "models"))
    return Printed(data["date"], data["torch"], data["versions"], cases, models)


def figures_of(data: dict[str, Any], part: str) -> Figures:
    """A part of a file, by name and tool."""
    return {name: dict(zip(data["versions"], row, strict=True)) for name, row in data[part].items()}


def versions_there(names: Sequence[str]) -> dict[str, str]:
    """The versions of tools, which are those that archcost knows; else the program ends."""
    from tests.conventions import newer_peers

    versions = {name: newer_peers.version(name) for name in names}
    if versions != {name: convention(name).version for name in names}:
        sys.exit(f"these are there: {versions}; run `make peers`")
    return versions


def write_figures(file: Path, head: dict[str, Any], parts: dict[str, dict[str, list[int | None]]]) -> None:
    """A file of figures: today, what it was run with, and a line for each name."""
    head = {"date": f"{datetime.now(UTC):%Y-%m-%d}", **head}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for part, rows in parts.items():
        body = ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
        lines.append(f"  {json.dumps(part)}: {{\n{body}\n  }}")
    text = ",\n".join(lines)
    file.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


def main() -> None:
    """Run the tools."""
    import torch

    from archcost.pytorch.module import Network, example_inputs
    from tests.conventions import networks, newer_peers
    from tests.cover import zoo_cover
    from tests.ops.cases import CASES
    from tests.pytorch.support import everything, report_of
    from tests.shared import zoo_report

    torch.set_num_threads(1)
    versions = versions_there(NAMES)
    cases, models = {}, {}
    for case in CASES:
        graph = everything(report_of(case).graph)
        network, inputs = Network(graph), example_inputs(graph)
        cases[str(case)] = [newer_peers.run(name, network, inputs).total for name in NAMES]
    for model in zoo_cover():
        report = zoo_report(model)
        other = networks.torchvision_name(report)
        module = networks.torchvision_model(other) if other else networks.built_model(report)
        given = networks.inputs_of(report)
        models[model] = [newer_peers.run(name, module, given).total for name in NAMES]
    head = {"torch": torch.__version__.split("+")[0], "versions": versions}
    write_figures(FILE, head, {"cases": cases, "models": models})


if __name__ == "__main__":
    main()
