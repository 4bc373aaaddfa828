"""Import every model of timm, and hold params and MACs against an independent count: docs/import-coverage.md.

    python -m benchmarks.import_timm                  # all models that have no result yet, then the page
    python -m benchmarks.import_timm --jobs 4         # in so many processes
    python -m benchmarks.import_timm --page           # the page alone, from the results that there are
    python -m benchmarks.import_timm resnet50 vit_b*  # only these, again

Each result is a line of build/import_timm.jsonl, so that a run that was ended goes on where it stopped. A model has ten
minutes. The count: a fresh model on the meta device, whose run is counted by torch's FlopCounterMode, and whose
parameters are counted that any function takes; at batch 1 and 2.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "build" / "import_timm.jsonl"
LOG = ROOT / "build" / "import_timm.log"  # what models and their ends say
PAGE = ROOT / "docs" / "import-coverage.md"
SECONDS = 600  # for a model
MANY = 1000  # steps
WORKER = "--worker"
INTRODUCTION = """
Every model of timm {timm} is imported at the input of its configuration, as `archcost analyze timm:NAME` does, and
analysed. Its params and MACs are held against a count without archcost: a fresh model is run on the meta device under
torch {torch}, whose FlopCounterMode counts the products, and the elements of the parameters that any function takes are
added up; at batch 1, and the products at batch 2 again. *Exact* is equal to the unit. That every layer is the model's,
with its shapes, is a part of [each import](import.md#how-it-works-and-why-it-can-be-trusted). `python -m
benchmarks.import_timm` makes this page: it goes on where it stopped, and runs models again whose names or patterns stand
behind it.
"""
UNEQUAL = ("wrong", "differs", "not counted", "refused")  # verdicts that need a reason

Result = dict[str, Any]


# --- a model ----------------------------------------------------------------------------------------------------------


def count(name: str, batch: int) -> tuple[int, int]:
    """Params that take part in a run, and its MACs, as torch alone counts them."""
    import timm
    import torch
    from torch import Tensor, nn
    from torch.overrides import TorchFunctionMode
    from torch.utils._pytree import tree_leaves
    from torch.utils.flop_counter import FlopCounterMode

    from archcost.importers.torch.plain_attention import plain_attention

    used: dict[int, int] = {}

    class Used(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            if any(isinstance(each, Tensor) for each in tree_leaves(result)):
                leaves = [each for each in tree_leaves((args, kwargs)) if isinstance(each, nn.Parameter)]
                used.update({id(each): each.numel() for each in leaves})
            return result

    with torch.device("meta"):
        model = timm.create_model(name, pretrained=False).eval()
        image = torch.empty(batch, *timm.models.get_pretrained_cfg(name).input_size)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with torch.no_grad(), plain_attention(), FlopCounterMode(display=False) as counter, Used():
        model(image)
    return sum(used.values()), counter.get_total_flops() // 2


def measure(name: str) -> Result:
    """What an import of a model gives, beside the count."""
    from archcost.analysis.report import analyze
    from archcost.errors import UsageError
    from archcost.importers.importing import Ask, import_anew
    from archcost.importers.sources import required_source
    from archcost.settings import Settings
    from archcost.spec.loader import loads

    found: Result = {"model": name}
    try:
        counted = [count(name, batch) for batch in (1, 2)]
        found |= {"params": counted[0][0], "macs": counted[0][1], "macs_of_2": counted[1][1]}
    except Exception as error:  # noqa: BLE001 - whatever a model does is told as its own
        found["uncounted"] = f"{type(error).__name__}: {error}"[:300]
    started = time.process_time()
    try:
        imported = import_anew(Ask(required_source(f"timm:{name}")))
    except UsageError as error:
        return found | {"refused": error.message, "seconds": time.process_time() - started}
    except Exception as error:  # noqa: BLE001 - a fault of ours, to be mended
        place = traceback.extract_tb(error.__traceback__)[-1]
        return found | {"refused": f"crash: {type(error).__name__}: {error} ({place.filename}:{place.lineno})"[:300]}
    found["seconds"] = time.process_time() - started
    spec = loads(imported.text, name=name)
    report = analyze(spec)
    found |= {
        "input": "×".join(map(str, next(iter(report.inputs.values()))[1:])),
        "lines": imported.text.count("\n"),
        "folded": not imported.unfolded,
        "why_flat": imported.unfolded,
        "steps": len(report.layers),
        "customs": sorted({str(each.node.op.attribute("name")) for each in report.layers if each.op == "custom"}),
        "remarks": list(imported.remarks),
        "our_params": report.totals.params,
        "our_macs": report.totals.macs,
        "lower_bound": bool(report.unknown("macs")),
    }
    try:
        found["our_macs_of_2"] = analyze(spec, Settings(batch=2)).totals.macs
    except Exception as error:  # noqa: BLE001 - a spec that holds at one batch only
        found["our_macs_of_2"] = f"{error}"[:300]
    return found


def work() -> None:
    """Measure the models whose names come in, a line each."""
    import timm  # noqa: F401 - what every model needs is no part of the seconds of one
    import torch  # noqa: F401

    from archcost.importers.torch import reader  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(measure(line.strip())), flush=True)


# --- all of them ------------------------------------------------------------------------------------------------------


class Worker:
    """A process that measures one model after the other; one that hangs or dies is replaced."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, name: str) -> Result:
        from threading import Timer

        process = self.process or subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.import_timm", WORKER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=LOG.open("a"), text=True, cwd=ROOT,
        )  # fmt: skip
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        timer = Timer(SECONDS, process.kill)
        timer.start()
        try:
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        timer.cancel()
        if line:
            result: Result = json.loads(line)
            return result
        self.process = None
        return {"model": name, "refused": f"its process ended with {process.wait()}, by itself or after {SECONDS} s"}


def run(names: list[str], jobs: int) -> None:
    """Measure models, and write each result as it comes."""
    RESULTS.parent.mkdir(exist_ok=True)
    workers = [Worker() for _ in range(jobs)]
    with RESULTS.open("a") as file, ThreadPoolExecutor(jobs) as pool:

        def share(number: int) -> None:
            for name in names[number::jobs]:
                result = workers[number](name)
                file.write(json.dumps(result) + "\n")
                file.flush()
                print(f"{verdict(result):12} {name}", flush=True)

        list(pool.map(share, range(jobs)))


def results() -> dict[str, Result]:
    """The last result of each model, by its name."""
    if not RESULTS.exists():
        return {}
    read = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    return {result["model"]: result for result in sorted(read, key=lambda result: result["model"])}


# --- the page ---------------------------------------------------------------------------------------------------------


def verdict(result: Result) -> str:
    """One word for what came of a model."""
    if "refused" in result:
        return "refused"
    if "uncounted" in result:
        return "not counted"
    if result["our_params"] != result["params"]:
        return "wrong" if not result["customs"] else "differs"
    if result["our_macs"] != result["macs"]:
        return "differs" if result["lower_bound"] or _is_blind(result) else "wrong"
    return "exact"


def _is_blind(result: Result) -> bool:
    """Whether the importer says itself that the counter does not see all products."""
    return any("counter" in remark for remark in result["remarks"])


def page(found: dict[str, Result]) -> str:
    """docs/import-coverage.md."""
    import timm
    import torch

    by: dict[str, list[Result]] = {}
    for result in found.values():
        by.setdefault(verdict(result), []).append(result)
    exact, imported = by.get("exact", []), [each for each in found.values() if "refused" not in each]
    also = [each for each in exact if each["our_macs_of_2"] == each["macs_of_2"]]
    rows = [
        (f"models that have a result, of {len(timm.list_models()):,}", len(found)),
        ("params and MACs equal an independent count, to the unit", len(exact)),
        ("the same at batch 2", len(also)),
        ("every step is an op (no `custom`)", sum(not each["customs"] for each in imported)),
        ("in blocks, with the figures of the flat form", sum(each["folded"] for each in imported)),
        ("silently wrong", len(by.get("wrong", []))),
        ("refused, with the reason", len(by.get("refused", []))),
    ]
    lines = [
        "# What of timm is imported",
        "",
        *_paragraph(INTRODUCTION.format(timm=timm.__version__, torch=torch.__version__.partition("+")[0])),
        "| what | models |",
        "| :-- | --: |",
        *[f"| {what} | {number:,} |" for what, number in rows],
        "",
    ]
    if imported:
        seconds = [each["seconds"] for each in imported]
        size, steps = (median(each[what] for each in imported) for what in ("lines", "steps"))
        lines += _paragraph(
            f"A spec has {size:g} lines in the median, for {steps:g} steps. An import takes {median(seconds):.1f} CPU "
            f"seconds in the median, {_slow(imported)}, and {max(seconds):.0f} at most, but for the loading of "
            "libraries."
        )
    lines += _apart(by, also)
    lines += [
        "## Every model",
        "",
        "| model | input | params | MACs | lines | steps | |",
        "| :-- | :-- | --: | --: | --: | --: | :-- |",
    ]
    for name, result in found.items():
        if "refused" in result:
            lines.append(f"| {name} | | | | | | refused |")
            continue
        macs = f"{'≥ ' * result['lower_bound']}{result['our_macs']:,}"
        cells = [name, result["input"], f"{result['our_params']:,}", macs, result["lines"], result["steps"]]
        lines.append(f"| {' | '.join(map(str, cells))} | {verdict(result)} |")
    return "\n".join(lines) + "\n"


def _paragraph(text: str) -> list[str]:
    return [*wrap(text, 120, break_long_words=False, break_on_hyphens=False), ""]


def _slow(imported: list[Result]) -> str:
    few = [each["seconds"] for each in imported if each["steps"] < MANY]
    return f"more than 3 for {sum(each > 3 for each in few):,} of the {len(few):,} models under {MANY:,} steps"


def _apart(by: dict[str, list[Result]], also: list[Result]) -> list[str]:
    """What is not exact, and why."""
    rows = [(each["model"], word, _why(each)) for word in UNEQUAL for each in by.get(word, [])]
    held = {each["model"] for each in also}
    rows += [
        (each["model"], "at batch 1 alone", f"{each['our_macs_of_2']} for {each['macs_of_2']}")
        for each in by.get("exact", [])
        if each["model"] not in held
    ]
    if not rows:
        return []
    cells = [f"| {model} | {word} | {why.replace('|', '/')} |" for model, word, why in rows]
    return ["## What is not exact", "", "| model | | what |", "| :-- | :-- | :-- |", *cells, ""]


def _why(result: Result) -> str:
    if told := result.get("refused") or result.get("uncounted"):
        return str(told)
    pairs = [f"{name} {result[f'our_{name}']:,} of {result[name]:,}" for name in ("params", "macs")]
    return f"{', '.join(pairs)}; custom: {', '.join(result['customs']) or 'none'}"


def main(words: list[str]) -> None:
    if WORKER in words:
        work()
        return
    import timm

    jobs = int(words[words.index("--jobs") + 1]) if "--jobs" in words else 1
    patterns = [word for word in words if not word.startswith("-") and not word.isdecimal()]
    known, models = results(), timm.list_models()
    if "--page" not in words:
        wanted = [name for name in models if any(fnmatch(name, pattern) for pattern in patterns)]
        run(wanted if patterns else [name for name in models if name not in known], jobs)
    PAGE.write_text(page({name: result for name, result in results().items() if name in models}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
