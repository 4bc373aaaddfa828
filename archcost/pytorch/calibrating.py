"""Measuring a machine: chains of layers as networks, in turn, so that what else it does hits all of them."""

from __future__ import annotations

import os
from itertools import chain
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcost.analysis.report import analyze
from archcost.hardware.device import CPU, Device
from archcost.hardware.local import LOCAL
from archcost.hardware.measured import BASE_SWEEP, MILLE, NANOSECONDS, Calibration
from archcost.pytorch.devices import choose_device, device_name
from archcost.pytorch.page_fault_time import page_fault_seconds
from archcost.pytorch.quietness import Yardstick
from archcost.pytorch.repeated_calls import Effort, call_of, calls, fastest
from archcost.settings import Settings
from archcost.spec.loader import loads
from archcost.timing.calibration_cases import BLOCK, blocks, cases
from archcost.timing.kernels import RunMode
from archcost.timing.measured_rates import MeasuredRates
from archcost.timing.precision import FLOAT32
from archcost.timing.prediction import kernels_of
from archcost.timing.rate_fits import Chain, by_terms, company, four_digits, pass_rates, product_rates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.graph.model import Graph
    from archcost.timing.calibration_cases import CalibrationCase

_WARM_UP = 2  # calls
_LEAST_ROUNDS = 2
_DTYPES = ("float32", "bfloat16", "float16")
_STREAM = (32 << 20, 256 << 20)  # float32 numbers of a pass over memory
_SIDE = (512, 8192)  # of the matrices whose product is a CPU's peak, and a GPU's


class Repeats(NamedTuple):
    """A chain at its fastest call, and, in seconds, the fastest call of each round and the median of quiet rounds."""

    chain: Chain
    rounds: tuple[float, ...]
    usual: float
    graph: Graph

    @property
    def spread(self) -> float:
        """Interquartile range over median."""
        ordered = sorted(self.rounds)
        quarter = len(ordered) // 4
        return (ordered[-1 - quarter] - ordered[quarter]) / median(ordered)


class _Round(NamedTuple):
    """The seconds of each call, and of a look at the yardstick before them."""

    calls: list[float]
    look: float


class _Ready(NamedTuple):
    case: CalibrationCase
    call: Callable[[], object]
    rounds: list[_Round]


def measure_chains(
    cases: Sequence[CalibrationCase],
    device: torch.device,
    effort: Effort,
    watch: Callable[[str], None] = lambda _: None,
    fault: float = 0.0,
) -> list[Repeats]:
    """Every chain once a round. Its time is that of the fastest call of all rounds, for others only take time.

    Page faults of ``fault`` seconds each are taken off.
    """
    end, yardstick = perf_counter() + effort.most_seconds, Yardstick()
    ready = []
    for case in cases:
        watch(f"{case.group}: building")
        ready.append(_Ready(case, call_of(case, device), []))
    for one in ready:
        for _ in range(_WARM_UP):
            one.call()
    for number in range(effort.rounds):
        if number >= _LEAST_ROUNDS and perf_counter() > end:
            break
        for one in ready:
            watch(f"round {number + 1} of {effort.rounds}: {one.case.group}")
            look = yardstick.look()
            one.rounds.append(_Round(calls(one.call, device, effort.seconds, fault), look))
    return [_repeats(one, device, yardstick) for one in ready]


def _repeats(one: _Ready, device: torch.device, yardstick: Yardstick) -> Repeats:
    report = analyze(loads(one.case.text), Settings(batch=one.case.batch))
    kernels = kernels_of(report, RunMode(tensor_cores=device.type != "cpu"))
    least = tuple(min(each.calls) for each in one.rounds)
    quiet = [each.calls for each in one.rounds if yardstick.quiet(each.look)] or [each.calls for each in one.rounds]
    usual = median(chain.from_iterable(quiet))
    return Repeats(Chain(one.case.group, tuple(kernels), min(least)), least, usual, report.graph)


def calibrated(name: str, threads: int, effort: Effort, watch: Callable[[str], None]) -> Device:
    """This machine on a device that torch has, on so many threads (0: torch's choice); raises UsageError for none."""
    device = choose_device(name)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        return calibrate(device, effort, watch)[0]
    finally:
        torch.set_num_threads(before)


def calibrate(
    device: torch.device, effort: Effort, watch: Callable[[str], None] = lambda _: None
) -> tuple[Device, list[Repeats]]:
    """The device as measured, and the repeats of every chain."""
    waiting = _load()
    fault = page_fault_seconds(device, effort)
    chains = measure_chains([*cases(), *blocks()], device, effort, watch, fault)
    alone = [one.chain for one in chains if one.chain.group != BLOCK]
    terms = [all(map(by_terms, chain.kernels)) for chain in alone]
    passes = pass_rates([chain for chain, has in zip(alone, terms, strict=True) if not has])
    products = product_rates([chain for chain, has in zip(alone, terms, strict=True) if has], passes[BASE_SWEEP])
    measured = Calibration(
        torch=str(torch.__version__),
        threads=torch.get_num_threads(),
        dtype=FLOAT32,
        spread=round(MILLE * spread_of(chains)),
        load=max(waiting, _load()),
        share=MILLE,
        each_ns=0,
        products=products,
        passes=passes,
        page_fault_ns=round(fault * NANOSECONDS),
    )
    found = Device(
        name=LOCAL,
        memory_bytes=_memory(device),
        title=_title(device, measured),
        kind=CPU if device.type == "cpu" else "gpu",
        bytes_per_second=_bandwidth(device, effort),
        peaks=_peaks(device, effort),
        measured=measured,
    )
    company_of = [one for one in chains if one.chain.group == BLOCK]
    pairs = [(one.chain._replace(seconds=one.usual), sum(_alone(found, one))) for one in company_of]
    share, each = company(pairs)
    return found._replace(measured=measured._replace(share=share, each_ns=each)), chains


def _alone(found: Device, one: Repeats) -> Iterator[int]:
    """The nanoseconds of the kernels of a block, each as if it were alone."""
    rates = MeasuredRates(found, one.graph)
    for kernel in one.chain.kernels:
        yield rates.alone(kernel).nanoseconds


def _peaks(device: torch.device, effort: Effort) -> dict[str, int]:
    """Operations a second of a square product of matrices, by dtype; a dtype that does not run is left out."""
    side = _SIDE[device.type == "cuda"]
    found = {}
    for name in _DTYPES:
        try:
            left, right = [torch.randn(side, side, device=device).to(getattr(torch, name)) for _ in range(2)]
            seconds = fastest(lambda a=left, b=right: a @ b, device, effort)  # type: ignore[misc]
        except RuntimeError:  # what a device refuses, it has no rate in
            continue
        found[name] = four_digits(2 * side**3 / seconds)
    return found


def _bandwidth(device: torch.device, effort: Effort) -> int:
    """Bytes a second of a pass in place over more than caches hold: each is read and written."""
    values = torch.ones(_STREAM[device.type == "cuda"], device=device)
    return four_digits(2 * 4 * values.numel() / fastest(lambda: values.mul_(1.0), device, effort))


def _memory(device: torch.device) -> int:
    """The memory of a GPU, or that of the machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _title(device: torch.device, measured: Calibration) -> str:
    threads = f", {measured.threads} thread{'s' * (measured.threads != 1)}" if device.type == "cpu" else ""
    return f"{device_name(device)}{threads}"


def _load() -> int:
    """How many programs wanted a processor in the last minute, in thousandths; 0 where the system does not say."""
    try:
        return round(MILLE * os.getloadavg()[0])
    except OSError:
        return 0


def spread_of(found: Iterable[Repeats]) -> float:
    """The spread of most measurements: the median over chains."""
    return median(one.spread for one in found)
