"""Measure archcost side by side with its peers, in one run, and print a Markdown table of ratios.

    make bench            # or: python benchmarks/run.py [--quick]

Every comparison alternates the two commands, so that a slow moment of the machine hits both; medians are quoted.
"""

from __future__ import annotations

import argparse
import compileall
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import archcost

PYTHON = sys.executable
HERE = Path(__file__).parent
IMPORTS = "import typer, yaml, rich.table, rich.console"
MODEL = "resnet152"
LANGUAGE_MODEL = "llama_3_8b"
FVCORE = (
    "import torch, torchvision, warnings, logging; warnings.simplefilter('ignore');"
    "logging.disable(logging.WARNING);"
    "from fvcore.nn import FlopCountAnalysis, flop_count_table;"
    f"model = torchvision.models.{MODEL}().eval();"
    "print(flop_count_table(FlopCountAnalysis(model, torch.zeros(1, 3, 224, 224))))"
)
TORCHINFO = (
    "import torchvision; from torchinfo import summary;"
    f"summary(torchvision.models.{MODEL}(), (1, 3, 224, 224), verbose=1)"
)


def run(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of a whole process."""
    before = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = __import__("os").wait4(process.pid, 0)
        process.returncode = status
    if status:
        sys.exit(f"failed: {' '.join(command)[:200]}")
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def cold(runs: int, peer_runs: int) -> list[tuple[str, str, str, str]]:
    """Whole processes: archcost analyze against the imports it needs, and against two peers."""
    analyze = [PYTHON, "-m", "archcost", "analyze", MODEL]
    imports = [PYTHON, "-c", IMPORTS]
    run(analyze), run(imports)
    pairs = [(run(analyze), run(imports)) for _ in range(runs)]
    ours = statistics.median(a[0] for a, _ in pairs)
    base = statistics.median(b[0] for _, b in pairs)
    ratio = statistics.median(a[0] / b[0] for a, b in pairs)
    peak = max(a[1] for a, _ in pairs)
    what = f"cold: `archcost analyze {MODEL}`"
    rows = [
        (what, f"{ours * 1e3:.0f} ms", f"its imports alone {base * 1e3:.0f} ms", f"{ratio:.2f}×"),
        ("cold: peak memory", f"{peak:.0f} MiB", "target: 48 MiB", ""),
    ]
    for name, code in (("torchinfo `summary`", TORCHINFO), ("fvcore `flop_count_table`", FVCORE)):
        seconds, memory = zip(*[run([PYTHON, "-c", code]) for _ in range(peer_runs)], strict=True)
        median = statistics.median(seconds)
        theirs = f"{median:.2f} s, {max(memory):.0f} MiB"
        rows.append((f"cold: against {name}", f"{ours * 1e3:.0f} ms", theirs, f"{median / ours:.0f}× faster"))
    return rows


def cold_fits(runs: int) -> list[tuple[str, str, str, str]]:
    """Whether a language model fits any device, beside an analysis of it and the imports of both."""
    fits, analyze = [[PYTHON, "-m", "archcost", command, LANGUAGE_MODEL] for command in ("fits", "analyze")]
    imports = [PYTHON, "-c", IMPORTS]
    run(fits), run(analyze), run(imports)
    times = [[run(command)[0] for command in (fits, analyze, imports)] for _ in range(runs)]
    ours, other, base = [statistics.median(each) for each in zip(*times, strict=True)]
    ratio = statistics.median(fit / least for fit, _, least in times)
    against = f"`analyze` {other * 1e3:.0f} ms, the imports {base * 1e3:.0f} ms"
    return [(f"cold: `archcost fits {LANGUAGE_MODEL}`", f"{ours * 1e3:.0f} ms", against, f"{ratio:.2f}×")]


def best(function: object, runs: int) -> float:
    """The median time of a call."""
    times = []
    for _ in range(runs):
        before = time.perf_counter()
        function()  # type: ignore[operator]
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def warm(runs: int) -> list[tuple[str, str, str, str]]:
    """Parse, unroll and analyse against fvcore's analysis of the model that is built already."""
    import logging
    import warnings

    import torch
    import torchvision
    from fvcore.nn import FlopCountAnalysis

    logging.disable(logging.WARNING)
    model = torchvision.models.resnet152().eval()
    image = torch.zeros(1, 3, 224, 224)

    def peer() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            FlopCountAnalysis(model, image).total()

    def ours() -> None:
        archcost.analyze(archcost.load(MODEL))

    ours(), peer()
    ratios, mine, theirs = [], [], []
    for _ in range(runs):
        mine.append(best(ours, 5))
        theirs.append(best(peer, 1))
        ratios.append(theirs[-1] / mine[-1])
    return [
        (
            f"warm: parse, unroll, analyse {MODEL}",
            f"{statistics.median(mine) * 1e3:.1f} ms",
            f"fvcore's FlopCountAnalysis {statistics.median(theirs) * 1e3:.0f} ms",
            f"{statistics.median(ratios):.0f}× faster",
        )
    ]


def chain(layers: int, *, varied: bool) -> str:
    """A spec of ``layers`` layers: conv, batch norm and relu repeated; ``varied`` changes the width every round."""
    width = "$(16 + i % 512)" if varied else "64"
    return (
        "archcost: 1\ninput: [64, 16, 16]\nblocks:\n  unit:\n    params: {width: }\n    layers:\n"
        "      - conv2d: {out_channels: $width, kernel_size: 3, padding: 1}\n      - batch_norm2d\n      - relu\n"
        f"layers:\n  - unit: {{width: {width}}}\n    repeat: {layers // 3}\n"
    )


def growth(runs: int) -> list[tuple[str, str, str, str]]:
    """Time and memory per layer from 1,000 to 100,000 layers."""
    from archcost.spec.loader import loads

    rows = []
    for varied in (False, True):
        first = 0.0
        for layers in (1_000, 10_000, 100_000):
            text = chain(layers, varied=varied)
            seconds = best(lambda text=text: archcost.analyze(loads(text)), runs if layers < 100_000 else 3)
            per_layer = seconds / layers
            first = first or per_layer
            tracemalloc.start()
            report = archcost.analyze(loads(text))
            memory = tracemalloc.get_traced_memory()[1] / len(report.layers)
            tracemalloc.stop()
            rows.append(
                (
                    f"growth: {layers:,} layers, {'every round another width' if varied else 'equal rounds'}",
                    f"{seconds * 1e3:,.0f} ms, {memory / 1024:.2f} KiB a layer",
                    f"{1 / per_layer:,.0f} layers/s",
                    f"{per_layer / first:.2f}× a layer",
                )
            )
    return rows


def distinct(layers: int, offset: int = 0) -> str:
    """A spec of distinct linear layers in a row."""
    steps = [
        f"  - {{id: l{(k * 7919 + offset) % 1000003}, linear: {{out_features: {8 + (k * 31 + offset) % 97}}}}}\n"
        for k in range(layers)
    ]
    return "archcost: 1\nname: long\ninput: [8]\nlayers:\n" + "".join(steps)


def long_models() -> list[tuple[str, str, str, str]]:
    """Commands on 5,000 and 20,000 distinct layers: 4.0 times the time is linear."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for layers in (5_000, 20_000):
            for name, offset in (("a", 0), ("b", 13)):
                paths[name, layers] = str(Path(folder) / f"{name}{layers}.yaml")
                Path(paths[name, layers]).write_text(distinct(layers, offset), encoding="utf-8")
        for command, files in (("validate", "a"), ("memory", "a"), ("export", "a"), ("compare", "ab")):
            seconds = [
                run([PYTHON, "-m", "archcost", command, *(paths[name, layers] for name in files)])[0]
                for layers in (5_000, 20_000)
            ]
            growth = f"{seconds[1] / seconds[0]:.1f}× for 4× the layers"
            rows.append(
                (
                    f"long: `{command}`, 20,000 distinct layers",
                    f"{seconds[1]:.1f} s",
                    f"{seconds[0]:.1f} s at 5,000",
                    growth,
                )
            )
    return rows


def settings() -> list[tuple[str, str, str, str]]:
    """One loaded spec under 1,000 settings."""
    from archcost.spec.loader import loads

    text = (
        "archcost: 1\nparams: {width: 1.0}\ninput: [3, 64, 64]\nblocks:\n  unit:\n    params: {out: }\n    layers:\n"
        "      - conv2d: {out_channels: $out, kernel_size: 3, padding: 1}\n      - batch_norm2d\n      - relu\n"
        "layers:\n"
    ) + "".join(f"  - unit: {{out: $(round({16 + 4 * k} * width))}}\n" for k in range(20))
    spec = loads(text)
    before = time.perf_counter()
    for k in range(1000):
        archcost.analyze(spec, params={"width": 0.25 + k / 500})
    seconds = time.perf_counter() - before
    return [("1,000 settings of a 60-layer spec, parsed once", f"{seconds:.2f} s", "target: 3 s", "")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, no peers")
    quick = parser.parse_args().quick
    compileall.compile_dir(str(Path(archcost.__file__).parent), quiet=1)  # as an installed package is
    rows = cold(7 if quick else 21, 0 if quick else 3) if not quick else cold_quick()
    rows += cold_fits(7 if quick else 21)
    rows += growth(3 if quick else 7) + settings() + long_models()
    if not quick:
        rows += warm(5)  # last, because torch in the process slows the rest
    print(f"Python {platform.python_version()}, {platform.machine()}, archcost {archcost.__version__}\n")
    print("| what | archcost | against | ratio |\n| :-- | --: | --: | --: |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(f"\npeak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def cold_quick() -> list[tuple[str, str, str, str]]:
    """The cold start without the peers."""
    analyze = [PYTHON, "-m", "archcost", "analyze", MODEL]
    imports = [PYTHON, "-c", IMPORTS]
    pairs = [(run(analyze), run(imports)) for _ in range(7)]
    ratio = statistics.median(a[0] / b[0] for a, b in pairs)
    return [(f"cold: `archcost analyze {MODEL}`", f"{pairs[0][0][0] * 1e3:.0f} ms", "its imports", f"{ratio:.2f}×")]


if __name__ == "__main__":
    main()
