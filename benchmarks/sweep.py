"""Measure sweeps side by side with single analyses and with peers, in one run: the tables in docs/sweep.md.

    python -m benchmarks.sweep [--nni PYTHON]    # rewrite them; PYTHON is an interpreter that has NNI
    python -m benchmarks.sweep --quick           # print the tables alone, from short runs

All are CPU seconds of one core. What is compared alternates, so that a slow moment of the machine hits both.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import archcost
from archcost.sweeping.rows import Gathers
from archcost.sweeping.singles import analysis_of
from archcost.sweeping.walk import tables
from benchmarks.pages import inserted

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.sweeping.space import Space
    from archcost.sweeping.tables import SpaceTables

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sweep.md"
NNI = Path(__file__).resolve().parent / "peer_nni.py"
COMMAND = [sys.executable, "-m", "archcost"]
ROWS = 100_000  # of the ratio that has the walk in it
METRICS = ("params", "macs")
WIDTHS = [0.25, 0.5, 0.75, 1.0]  # for peers, whose channels are whole numbers without rounding


class Swept(NamedTuple):
    """A space to measure, and how its row is called."""

    title: str
    space: Any


def spaces() -> list[Swept]:
    """Grids of a few axes, the many axes of published spaces, and one whose axes all meet in every layer."""
    return [
        Swept(
            "MobileNetV1: width × resolution × middle",
            archcost.space(
                "mobilenet_v1", vary={"width": "0.25:1.5:0.05", "resolution": "128..224..4", "middle": "1..5"}
            ),
        ),
        Swept(
            "ResNet-50: four depths × width × resolution",
            archcost.space(
                "resnet50",
                vary={
                    **{f"depths[{place}]": "2..5" for place in range(4)},
                    "width_per_group": [32, 64, 96, 128],
                    "resolution": "160..256..32",
                },
            ),
        ),
        Swept("NAS-Bench-Macro", archcost.space(file="nas_bench_macro")),
        Swept(
            "GPT: layers × width × heads × tokens × vocabulary",
            archcost.space(
                "gpt2",
                vary={
                    "layers": "4..32..4",
                    "width": "512..2048..128",
                    "heads": [4, 8, 16],
                    "tokens": "128..1024..128",
                    "vocabulary": [32_000, 50_257, 128_256],
                },
            ),
        ),
        Swept("once-for-all MobileNetV3", archcost.space(file="ofa_mobilenet_v3")),
        Swept("Chinchilla, 50 models", archcost.space(file="chinchilla")),
        Swept("ResNet, bottlenecks", archcost.space(file="resnet_bottleneck")),
        Swept("RegNetX", archcost.space(file="regnet_x")),
    ]


# --- time -------------------------------------------------------------------------------------------------------------


def cpu(function: Callable[[], object], runs: int = 1) -> float:
    """The median CPU seconds of a call."""
    times = []
    for _ in range(runs):
        before = time.process_time()
        function()
        times.append(time.process_time() - before)
    return statistics.median(times)


def command(words: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of a whole process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*COMMAND, *words], stdout=subprocess.DEVNULL, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


class Measured(NamedTuple):
    """CPU seconds of a space: of one walk, of a row, and of a single analysis."""

    title: str
    settings: int
    walk: float
    row: float
    single: float

    @property
    def ratio(self) -> float:
        """How many times longer the loop of single analyses takes for ROWS rows, the walk included."""
        return ROWS * self.single / (self.walk + ROWS * self.row)


def drawn(space: Space, number: int, seed: int = 0) -> Any:
    """Settings drawn uniformly, a row of indices each."""
    generator = np.random.default_rng(seed)
    columns = [generator.integers(0, length, number, dtype=np.int32) for length in space.lengths]
    return np.stack(columns, axis=1)


def measure(swept: Swept, rows: int, singles: int, runs: int) -> Measured:
    """A space by one walk and look-ups, and by single analyses of some of its valid designs."""
    space: Space = swept.space.space
    made: list[SpaceTables] = []
    walk = cpu(lambda: made.append(tables(space)))
    if walk < 1:
        walk = cpu(lambda: made.append(tables(space)), runs)
    before = time.process_time()
    gathers = Gathers(made[-1], METRICS)
    walk += time.process_time() - before
    indices = drawn(space, rows)
    row = cpu(lambda: gathers.chunk(indices), runs) / rows
    chunk = gathers.chunk(indices)
    valid = indices[~chunk.invalid][:singles].tolist()
    analysis_of(space, valid[0])
    reports: list[Any] = []
    single = cpu(lambda: reports.extend([analysis_of(space, design) for design in valid])) / len(valid)
    checked = gathers.chunk(np.array(valid, np.int32))
    for place, report in enumerate(reports):
        found = tuple(int(checked.figures[name][place]) for name in METRICS)
        if found != (report.totals.params, report.totals.macs):
            sys.exit(f"{swept.title}: {valid[place]} has other figures by itself")
    return Measured(swept.title, space.size, walk, row, single)


# --- peers ------------------------------------------------------------------------------------------------------------


def mobilenet(width: float) -> Any:
    """MobileNetV1 as people write it in PyTorch."""
    from torch import nn

    plan = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))

    def conv(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> list[Any]:
        made = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [made, nn.BatchNorm2d(outputs), nn.ReLU()]

    last = int(32 * width)
    layers = conv(3, last, 3, 2)
    for out, stride in plan:
        layers += conv(last, last, 3, stride, last) + conv(last, int(out * width), 1, 1)
        last = int(out * width)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 1000)).eval()


def fvcore(rows: list[tuple[float, int]]) -> list[tuple[int, int]]:
    """Params and MACs of models that are built in PyTorch one after the other, and counted by fvcore."""
    import torch
    from fvcore.nn import FlopCountAnalysis

    torch.set_num_threads(1)
    found = []
    for width, resolution in rows:
        model = mobilenet(width)
        analysis = FlopCountAnalysis(model, torch.zeros(1, 3, resolution, resolution))
        counts = analysis.unsupported_ops_warnings(enabled=False).by_operator()
        params = sum(each.numel() for each in model.parameters())
        found.append((params, int(counts["conv"] + counts["linear"])))
    return found


def nni(python: str, seconds: float) -> tuple[float, float, dict[str, int], str]:
    """CPU seconds of NNI's symbolic profiler: to make it and for a sample; the params it tells, and its version."""
    one_core = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, str(NNI), str(seconds)], capture_output=True, text=True, check=True, env=one_core)
    found = json.loads(done.stdout.splitlines()[-1])
    return found["make"], found["sample"], found["params"], found["version"]


def peers(python: str | None, *, quick: bool) -> list[str]:
    """Rows on MobileNetV1's four widths: archcost, fvcore in a loop, NNI; the same figures."""
    space = archcost.space("mobilenet_v1", vary={"width": WIDTHS, "resolution": [128, 160, 192, 224]})
    made = tables(space.space)
    walk = cpu(lambda: tables(space.space), 3)
    gathers = Gathers(made, METRICS)
    indices = drawn(space.space, 1_000_000)
    row = cpu(lambda: gathers.chunk(indices), 3) / len(indices)
    lines = [_peer("archcost, one walk and look-ups", walk, row, walk, row)]
    single = cpu(lambda: [analysis_of(space.space, design) for design in indices[:40].tolist()]) / 40
    lines.append(_peer("archcost, a loop of single analyses", 0, single, walk, row))
    sample = indices[: 4 if quick else 16].tolist()
    values = [(WIDTHS[width], (128, 160, 192, 224)[side]) for width, side in sample]
    fvcore(values[:1])
    counted: list[tuple[int, int]] = []
    each = cpu(lambda: counted.extend(fvcore(values))) / len(values)
    mine = gathers.chunk(np.array(sample, np.int32)).figures
    if counted != list(zip(mine["params"].tolist(), mine["macs"].tolist(), strict=True)):
        sys.exit("fvcore has other figures for MobileNetV1")
    lines.append(_peer("fvcore in a loop, each model built in PyTorch", 0, each, walk, row))
    if python:
        make, one, params, version = nni(python, 1 if quick else 5)
        chunk = gathers.chunk(np.array([[place, 0] for place in range(len(WIDTHS))], np.int32))
        if [params[str(place + 1)] for place in range(len(WIDTHS))] != chunk.figures["params"].tolist():
            sys.exit("NNI has other params for MobileNetV1")
        lines.append(_peer(f"NNI {version}, its symbolic profiler, widths alone", make, one, walk, row))
    return lines


def _peer(title: str, before: float, row: float, walk: float, ours: float) -> str:
    ratio = (before + ROWS * row) / (walk + ROWS * ours)
    return f"| {title} | {_seconds(before) if before else '–'} | {_rate(1 / row)} | {ratio:,.0f} |"


# --- answers ----------------------------------------------------------------------------------------------------------


def answers(runs: int) -> list[str]:
    """What is asked of all designs, against what it may take."""
    macro, ofa = archcost.space(file="nas_bench_macro"), archcost.space(file="ofa_mobilenet_v3")

    def whole() -> None:
        found = tables(macro.space)
        everything = np.indices(macro.space.lengths, np.int32).reshape(len(macro.space.lengths), -1).T
        Gathers(found, METRICS).chunk(everything)

    whole()
    rows = [("NAS-Bench-Macro: the walk and all 6,561 rows", cpu(whole, runs), 0.1)]
    cold = [command(["sweep", "--space", "nas_bench_macro", "--format", "csv"]) for _ in range(runs)]
    title = "NAS-Bench-Macro: the command, cold, to CSV"
    rows.append((title, statistics.median([each for each, _ in cold]), 1.0))
    tables(ofa.space)
    rows.append(("once-for-all: the walk", cpu(lambda: tables(ofa.space), runs), 0.25))
    rows += [
        (f"once-for-all: designs with {where}", cpu(lambda where=where: _fresh(ofa).count(where)), 10.0)
        for where in ("macs <= 300 M", "params <= 5 M")
    ]
    front = cpu(lambda: _fresh(ofa).front(min="macs", max="params"), runs)
    rows.append(("once-for-all: the front of MACs and params", front, 1.0))
    draws = cpu(lambda: _fresh(ofa).sample(1_000, where="macs <= 200 M"))
    rows.append(("once-for-all: 1,000 uniform draws with macs <= 200 M", draws, 60.0))
    return [f"| {title} | {_seconds(found)} | {_seconds(most)} |" for title, found, most in rows]


def _fresh(space: Any) -> Any:
    """Tables that remember no answer."""
    from archcost.api.design_tables import DesignTables

    return DesignTables(space.tables().tables)


# --- the page ---------------------------------------------------------------------------------------------------------


def _seconds(value: float) -> str:
    return f"{value * 1e3:,.0f} ms" if value < 1 else f"{value:,.1f} s"


def _rate(value: float) -> str:
    return f"{value / 1e6:,.1f} M/s" if value >= 1e6 else f"{value:,.0f}/s"


def _row(found: Measured) -> str:
    settings = f"{found.settings:,}" if found.settings < 10**9 else f"{found.settings:.2e}"
    cells = [found.title, settings, _seconds(found.walk), _rate(1 / found.row), _rate(1 / found.single)]
    return "| " + " | ".join([*cells, f"{found.ratio:,.0f}"]) + " |"


def main() -> None:
    """Measure, and rewrite the page or print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; the page stays as it is")
    parser.add_argument("--nni", metavar="PYTHON", help="an interpreter that has NNI")
    asked = parser.parse_args()
    compileall.compile_dir(str(Path(archcost.__file__).parent), quiet=1)  # as an installed package is
    runs = 1 if asked.quick else 5
    measured = [
        measure(each, 200_000 if asked.quick else 2_000_000, 20 if asked.quick else 60, runs) for each in spaces()
    ]
    head = "| space | settings | the walk | rows | single analyses | 100,000 rows: × faster |\n"
    parts = {
        "sweeps": head + "| :-- | --: | --: | --: | --: | --: |\n" + "\n".join(map(_row, measured)),
        "answers": "| question | CPU time | at most |\n| :-- | --: | --: |\n" + "\n".join(answers(runs)),
        "peers": "| MobileNetV1: widths × resolutions | before the first | rows | 100,000 rows: × our time |\n"
        "| :-- | --: | --: | --: |\n" + "\n".join(peers(asked.nni, quick=asked.quick)),
    }
    if asked.quick:
        print("\n\n".join(parts.values()))
    else:
        PAGE.write_text(inserted(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")


if __name__ == "__main__":
    main()
