"""Predicted against measured throughput: the error classes that ship, the tables of docs/prediction.md, and its plots.

python -m benchmarks.prediction           # rewrite them; plots where matplotlib is there (archcost[plot])
python -m benchmarks.prediction --check   # exit 1 if the classes or the tables would change
python -m benchmarks.prediction --local   # calibrate this machine, measure 40 models, print the error and the noise

The measurements, ``benchmarks/data/timm_latency.csv``, are facts from the result files of timm
(huggingface/pytorch-image-models at aa4b5850, ``results/``, Apache-2.0), with the model of the zoo that each is of.
``gpu_latency.csv`` beside them is what ``benchmarks/gpu.py`` measured, ``local_latency.csv`` what ``--local`` did, on
the machine of ``local.toml``.
"""

from __future__ import annotations

import csv
import sys
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import archcost
from archcost.analysis.report import analyze
from archcost.dtypes import FLOAT_DTYPES
from archcost.hardware.device import CPU
from archcost.settings import THE_ONLY, InputShape, Settings
from archcost.timing.error_classes import ErrorClass, PredictionKind, kind_of
from archcost.timing.kernels import RunMode
from archcost.timing.prediction import Prediction, kernels_of, rates_of
from archcost.timing.rates import CONSTANTS, NANOSECONDS
from benchmarks.pages import inserted, renew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.spec.model import Spec
    from archcost.timing.kernels import DeviceKernel

HERE = Path(__file__).resolve().parent
DATA = HERE / "data" / "timm_latency.csv"
OWN = (HERE / "data" / "gpu_latency.csv", HERE / "data" / "local_latency.csv")  # where they were measured
LOCAL = HERE / "data" / "local.toml"
PAGE = HERE.parent / "docs" / "prediction.md"
CLASSES = HERE.parent / "archcost" / "timing" / "error_classes.csv"
DEVICES = {
    "NVIDIA GeForce RTX 3090": "rtx3090",
    "NVIDIA GeForce RTX 4090": "rtx4090",
    "NVIDIA GeForce RTX 5090": "rtx5090",
    "Intel Core i9-10940X (CPU)": "i9-10940x",
}
OTHER_NETWORKS = "tf_"  # timm's of this name pad with a copy before strided convolutions, which the zoo's do not have
BEFORE_FUSED_ATTENTION = "pt113"  # F.scaled_dot_product_attention came with PyTorch 2.0
FIXED_ON = ("rtx3090", "i9-10940x")


@cache
def _device(name: str) -> Device:
    """A device by its name or file, which is read once."""
    return archcost.device(name)


class Row(NamedTuple):
    """A measurement."""

    model: str
    zoo_name: str
    device: str
    dtype: str
    layout: str
    mode: str
    torch: str
    batch: int
    size: int
    measured: float  # samples a second

    @property
    def run(self) -> RunMode:
        """How it was run: timm's under autocast on GPUs, all else in its dtype."""
        mixed = "float16" if self.dtype == "amp" else ""
        on_gpu = _device(self.device).kind != CPU
        plain = self.torch == BEFORE_FUSED_ATTENTION
        return RunMode(mixed, self.mode != "eager", self.layout == "nhwc", tensor_cores=on_gpu, plain_attention=plain)

    @property
    def computed_in(self) -> str:
        """The dtype of weights and activations."""
        return self.dtype if self.dtype in FLOAT_DTYPES else "float32"

    @property
    def name(self) -> str:
        """The name of the device, which may be a file."""
        return _device(self.device).name

    @property
    def kind(self) -> PredictionKind:
        """What predictions it is judged with."""
        dtype = self.run.mixed or self.computed_in
        return kind_of(_device(self.device), dtype, self.batch, compiled=self.run.compiled)


class Pair(NamedTuple):
    """A measurement and what is predicted for it, both in samples a second."""

    row: Row
    predicted: float

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.predicted / self.row.measured

    @property
    def error(self) -> float:
        """How far the prediction is off, as a share of what was measured."""
        return abs(self.ratio - 1)


def rows() -> list[Row]:
    """The measurements of networks that the zoo has: those of others, and our own where there are any."""
    return [row for path in (DATA, *OWN) if path.exists() for row in _rows_of(path)]


def _rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                row["model"],
                row["zoo_name"],
                _device_of(row["gpu"], path),
                row["dtype"],
                row["layout"],
                row["compile"],
                row["torch"],
                int(row["batch"]),
                int(row["img_size"]),
                float(row["samples_per_sec"]),
            )
            for row in csv.DictReader(file)
            if not row["model"].startswith(OTHER_NETWORKS) and row["samples_per_sec"]
        ]


def _device_of(name: str, path: Path) -> str:
    """What archcost calls the device of a row: the name of one that ships, or the file of the machine measured."""
    if path.name.startswith("local"):
        return str(LOCAL)
    return DEVICES.get(name) or _device(name).name


def pairs(measured: Iterable[Row]) -> Iterator[Pair]:
    """Measurements with predictions; a network is analysed once for each size and batch."""
    grouped: dict[tuple[str, int, int, str], list[Row]] = {}
    for row in measured:
        grouped.setdefault((row.zoo_name, row.size, row.batch, row.computed_in), []).append(row)
    for (name, size, batch, dtype), same in grouped.items():
        report = _report(name, size, batch, dtype)
        kernels: dict[RunMode, list[DeviceKernel]] = {}
        for row in same:
            if row.run not in kernels:
                kernels[row.run] = kernels_of(report, row.run)
            device = _device(row.device)
            rates = rates_of(device, row.run, report.graph)
            time = sum(time.nanoseconds for time in rates.times(kernels[row.run]))
            if device.measured is not None and device.measured.page_fault_ns:
                time += Prediction(report, device, row.run).page_fault_ns
            yield Pair(row, batch * NANOSECONDS / time)


@cache
def _spec(name: str) -> Spec:
    """A spec of the zoo, which is read once."""
    return archcost.load(name)


def _report(name: str, size: int, batch: int, dtype: str = "float32") -> Report:
    shapes = {THE_ONLY: InputShape((3, size, size))}
    return analyze(_spec(name), Settings(batch=batch, dtype=dtype, inputs=shapes))


# --- errors -----------------------------------------------------------------------------------------------------------


class Errors(NamedTuple):
    """The errors of some predictions, in thousandths."""

    rows: int
    median: int
    p90: int
    centre: int  # the median of predicted over measured
    rank: int


def errors(found: Sequence[Pair]) -> Errors:
    """Median and 90th percentile of the errors, and the rank correlation (Spearman's)."""
    sizes = sorted(pair.error for pair in found)
    return Errors(
        len(found),
        round(1000 * median(sizes)),
        round(1000 * sizes[(9 * (len(sizes) - 1)) // 10]),
        round(1000 * median(pair.ratio for pair in found)),
        round(1000 * rank_correlation([pair.predicted for pair in found], [pair.row.measured for pair in found])),
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """1 - 6 Σd² / (n (n² - 1)) of the ranks."""
    count = len(first)
    if count == 1:
        return 1.0
    ranks = [_ranks(first), _ranks(second)]
    squares = sum((a - b) ** 2 for a, b in zip(*ranks, strict=True))
    return 1 - 6 * squares / (count * (count**2 - 1))


def _ranks(values: Sequence[float]) -> list[int]:
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0] * len(values)
    for rank, place in enumerate(order):
        found[place] = rank
    return found


def grouped_by(found: Iterable[Pair], key: Callable[[Pair], tuple[str, ...]]) -> dict[tuple[str, ...], list[Pair]]:
    """Pairs by a key, in its order."""
    groups: dict[tuple[str, ...], list[Pair]] = {}
    for pair in found:
        groups.setdefault(key(pair), []).append(pair)
    return dict(sorted(groups.items()))


def classes(found: Sequence[Pair]) -> list[ErrorClass]:
    """The error classes that ship."""
    made = []
    for names, same in grouped_by(found, lambda pair: tuple(pair.row.kind)).items():
        told = errors(same)
        models, devices = {pair.row.zoo_name for pair in same}, {pair.row.device for pair in same}
        made.append(
            ErrorClass(PredictionKind(*names), told.median, told.p90, told.rank, told.rows, len(models), len(devices))
        )
    return made


def classes_text(found: Sequence[ErrorClass]) -> str:
    """The file of the error classes."""
    lines = [",".join((*PredictionKind._fields, *ErrorClass._fields[1:]))]
    lines += [",".join(map(str, (*one.kind, *one[1:]))) for one in found]
    return "\n".join(lines) + "\n"


# --- the page ---------------------------------------------------------------------------------------------------------


def summary(found: Sequence[Pair]) -> str:
    """Errors by device and mode."""
    return _table(("device", "mode", "constants"), found, lambda pair: (pair.row.name, pair.row.mode, _fixed(pair)))


def detail(found: Sequence[Pair]) -> str:
    """Errors by device, mode, layout and version of PyTorch."""
    return _table(
        ("device", "mode", "layout", "PyTorch"),
        found,
        lambda pair: (pair.row.name, pair.row.mode, pair.row.layout, _version(pair.row.torch)),
    )


def _fixed(pair: Pair) -> str:
    if pair.row.device == str(LOCAL):
        return "measured in chains of layers"
    return "fixed here" if pair.row.device in FIXED_ON else "within those of the RTX 3090"


def _version(tag: str) -> str:
    """``pt240`` is 2.4, ``pt113`` 1.13, and torch's own ``2.14.1+cu130`` 2.14."""
    if not tag.startswith("pt"):
        return ".".join(tag.split(".")[:2])
    return f"{tag[2]}.{tag[3:] if tag[2] == '1' else tag[3]}"


def _table(names: Sequence[str], found: Sequence[Pair], key: Callable[[Pair], tuple[str, ...]]) -> str:
    headings = [*names, "measurements", "median error", "90 % within", "predicted / measured", "rank correlation"]
    lines = [_line(headings), _line([":--"] * len(names) + ["--:"] * 5)]
    for group, same in grouped_by(found, key).items():
        told = errors(same)
        figures = (f"{told.rows}", _percent(told.median), _percent(told.p90), f"{told.centre / 1000:.2f}")
        lines.append(_line([*group, *figures, f"{told.rank / 1000:.3f}"]))
    return "\n".join(lines)


def constants() -> str:
    """The constants by kind of device."""
    lines = []
    for kind, table in CONSTANTS.items():
        title = {"gpu": "GPUs and other accelerators", "cpu": "CPUs"}[kind]
        lines += [
            f"**{title}**",
            "",
            _line(["constant", "value", "what it is", "where it is from"]),
            _line([":--"] * 4),
        ]
        lines += [_line([name, f"{c.value:,} {c.unit}", c.meaning, c.origin]) for name, c in table.items()]
        lines.append("")
    return "\n".join(lines).strip()


def worst(found: Sequence[Pair]) -> str:
    """The networks that predictions miss most, by the median of predicted over measured on GPUs."""
    by_model = grouped_by((p for p in found if p.row.run.tensor_cores), lambda p: (p.row.zoo_name, p.row.mode))
    centres = {names: median(pair.ratio for pair in same) for names, same in by_model.items()}
    order = sorted(centres, key=lambda names: -abs(centres[names] - 1))[:12]
    lines = [_line(["network", "mode", "predicted / measured"]), _line([":--", ":--", "--:"])]
    return "\n".join([*lines, *[_line([*names, f"{centres[names]:.2f}"]) for names in order]])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(thousandths: int) -> str:
    return f"{thousandths / 10:.1f} %"


def renewed(page: str, found: Sequence[Pair]) -> str:
    """The page with its generated parts."""
    parts = {"summary": summary, "detail": detail, "worst": worst}
    return inserted(page, {"constants": constants(), **{name: part(found) for name, part in parts.items()}})


# --- plots ------------------------------------------------------------------------------------------------------------


def plot(found: Sequence[Pair]) -> None:
    """A plot for each device and mode: predicted against measured samples a second, both logarithmic."""
    try:
        import matplotlib as mpl
    except ImportError:
        sys.stderr.write("no plots: they need archcost[plot]\n")
        return
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "archcost"
    from matplotlib import pyplot as plt

    for (device,), same in grouped_by(found, lambda pair: (pair.row.device,)).items():
        figure, axes = plt.subplots(figsize=(4.2, 4.2))
        for (mode,), some in grouped_by(same, lambda pair: (pair.row.mode,)).items():
            measured, predicted = [pair.row.measured for pair in some], [pair.predicted for pair in some]
            axes.loglog(measured, predicted, "o", ms=2.5, alpha=0.5, label=mode)
        ends = [min(pair.row.measured for pair in same), max(pair.row.measured for pair in same)]
        axes.loglog(ends, ends, "k-", lw=0.8)
        for share in (0.8, 1.25):
            axes.loglog(ends, [share * end for end in ends], "k:", lw=0.6)
        axes.set(xlabel="measured samples/s", ylabel="predicted samples/s", title=_device(device).label)
        axes.legend(frameon=False)
        figure.tight_layout()
        path = PAGE.parent / "img" / f"prediction-{Path(device).stem}.svg"
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def main() -> None:
    """Rewrite the classes, the page and the plots, or check the first two; or measure here."""
    if "--local" in sys.argv:
        from benchmarks.local_latency import measure_here

        measure_here()
        return
    found = list(pairs(rows()))
    text = classes_text(classes(found))
    if "--check" in sys.argv:
        if CLASSES.read_text(encoding="utf-8") != text:
            sys.exit("error_classes.csv is out of step: python -m benchmarks.prediction")
    else:
        CLASSES.write_text(text, encoding="utf-8")
        plot(found)
    renew(PAGE, "benchmarks.prediction", lambda page, _: renewed(page, found))


if __name__ == "__main__":
    main()
