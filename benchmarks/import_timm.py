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
import traceback
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from benchmarks.import_timm_page import Result, page, verdict

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "build" / "import_timm.jsonl"
LOG = ROOT / "build" / "import_timm.log"  # what models and their ends say
PAGE = ROOT / "docs" / "import-coverage.md"
SECONDS = 600  # for a model
WORKER = "--worker"


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
    try:
        imported = import_anew(Ask(required_source(f"timm:{name}")))
    except UsageError as error:
        return found | {"refused": error.message}
    except Exception as error:  # noqa: BLE001 - a fault of ours, to be mended
        place = traceback.extract_tb(error.__traceback__)[-1]
        return found | {"refused": f"crash: {type(error).__name__}: {error} ({place.filename}:{place.lineno})"[:300]}
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
