"""What the tools of `make peers` printed, as it is on disk: for every case of an op, and every model of the cover.

python -m tests.conventions.newer_figures  # run them all, and write the file anew
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from archcost.conventions import EARLIER, NEWER, convention

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
    tools = tuple(data["versions"])
    cases, models = (
        {name: dict(zip(tools, row, strict=True)) for name, row in data[part].items()} for part in ("cases", "models")
    )
    return Printed(data["date"], data["torch"], data["versions"], cases, models)


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
    versions = {name: newer_peers.version(name) for name in NAMES}
    if versions != {name: convention(name).version for name in NAMES}:
        sys.exit(f"these are there: {versions}; run `make peers`")
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
    head = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "torch": torch.__version__.split("+")[0], "versions": versions}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
    for part, rows in (("cases", cases), ("models", models)):
        body = ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
        lines.append(f"  {json.dumps(part)}: {{\n{body}\n  }}{',' * (part == 'cases')}\n")
    FILE.write_text(f"{{\n{''.join(lines)}}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
