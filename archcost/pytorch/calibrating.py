"""Measuring a machine: chains of layers as networks, in turn, so that what else it does hits all of them."""

from __future__ import annotations

import os
import platform
from statistics import median
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcost.analysis.report import analyze
from archcost.hardware.device import CPU, Device
from archcost.hardware.local import LOCAL
from archcost.hardware.measured import BASE_SWEEP, MILLE, NANOSECONDS, Calibration
from archcost.pytorch.devices import choose_device, device_name
from archcost.pytorch.module import Network
from archcost.settings import Settings
from archcost.spec.loader import loads
from archcost.timing.calibration_cases import BLOCK, blocks, cases
from archcost.timing.heap import PAGE
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
_FRESH = 16 << 20  # float32 numbers of a tensor that malloc always maps anew: glibc maps all above 32 MiB
_LEAST_LEFT = 4  # the time without page faults is at least one part in so many
_SIDE = (512, 8192)  # of the matrices whose product is a CPU's peak, and a GPU's


class Effort(NamedTuple):
    """Rounds, the seconds of a chain in each, and the seconds after which no further round begins."""

    rounds: int = 9
    seconds: float = 0.01
    most_seconds: float = 60.0


QUICK = Effort(3, 0.005, 15.0)


class Repeats(NamedTuple):
    """A chain, and what each round took: the fastest call of each, in seconds."""

    chain: Chain
    rounds: tuple[float, ...]
    graph: Graph

    @property
    def spread(self) -> float:
        """Interquartile range over median."""
        ordered = sorted(self.rounds)
        quarter = len(ordered) // 4
        return (ordered[-1 - quarter] - ordered[quarter]) / median(ordered)


class _Ready(NamedTuple):
    case: CalibrationCase
    call: Callable[[], object]
    rounds: list[float]


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
    end = perf_counter() + effort.most_seconds
    ready = []
    for case in cases:
        watch(f"{case.group}: building")
        ready.append(_Ready(case, _call_of(case, device), []))
    for one in ready:
        for _ in range(_WARM_UP):
            one.call()
    for number in range(effort.rounds):
        if number >= _LEAST_ROUNDS and perf_counter() > end:
            break
        for one in ready:
            watch(f"round {number + 1} of {effort.rounds}: {one.case.group}")
            one.rounds.append(_fastest(one.call, device, effort.seconds, fault))
    return [_repeats(one, device) for one in ready]


def _repeats(one: _Ready, device: torch.device) -> Repeats:
    report = analyze(loads(one.case.text), Settings(batch=one.case.batch))
    kernels = kernels_of(report, RunMode(tensor_cores=device.type != "cpu"))
    return Repeats(Chain(one.case.group, tuple(kernels), min(one.rounds)), tuple(one.rounds), report.graph)


def _call_of(case: CalibrationCase, device: torch.device) -> Callable[[], object]:
    report = analyze(loads(case.text), Settings(batch=case.batch))
    with torch.device(device):
        network = Network(report.graph).eval()
        inputs = [torch.randn(case.batch, *shape) for shape in case.shapes]

    def call() -> object:
        with torch.inference_mode():
            return network(*inputs)

    return call


def _fastest(call: Callable[[], object], device: torch.device, seconds: float, fault: float = 0.0) -> float:
    """The least time of a call, of those that fit into so many seconds after one that warms caches.

    On one thread of a CPU it is the processor's time: what others do meanwhile is no part of it. Page faults of
    ``fault`` seconds each are taken off, for how many there are depends on what the process did before.
    """
    clock = thread_time if device.type == "cpu" and torch.get_num_threads() == 1 else perf_counter
    call()
    best, end = float("inf"), perf_counter() + seconds
    while True:
        _wait(device)
        faults = _faults() if fault else 0
        start = clock()
        call()
        _wait(device)
        taken = clock() - start
        if fault:
            taken = max(taken / _LEAST_LEFT, taken - fault * (_faults() - faults))
        best = min(best, taken)
        if perf_counter() >= end:
            return best


def _faults() -> int:
    """The page faults of this process so far that needed no disk."""
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _page_fault(device: torch.device, effort: Effort) -> float:
    """The seconds of a page that is mapped, touched and given back, beyond those of writing to it; 0.0: not known.

    It is known where the malloc is that of glibc, which predictions follow, and where the system hands out pages of the
    usual size one by one.
    """
    usual = platform.libc_ver()[0] == "glibc" and os.sysconf("SC_PAGE_SIZE") == PAGE
    if device.type != "cpu" or not usual:
        return 0.0
    pages = 4 * _FRESH // PAGE
    kept = torch.empty(_FRESH)

    def fastest(call: Callable[[], object]) -> float:
        return min(_fastest(call, device, effort.seconds) for _ in range(effort.rounds))

    resident = fastest(lambda: kept.fill_(1.0))
    before = _faults()
    torch.empty(_FRESH).fill_(1.0)
    if _faults() - before < pages // 2:  # larger pages, or a malloc that keeps them
        return 0.0
    return max(0.0, (fastest(lambda: torch.empty(_FRESH).fill_(1.0)) - resident) / pages)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
    fault = _page_fault(device, effort)
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
    pairs = [(one.chain, sum(_alone(found, one))) for one in chains if one.chain.group == BLOCK]
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
            times = [_fastest(lambda a=left, b=right: a @ b, device, effort.seconds) for _ in range(effort.rounds)]  # type: ignore[misc]
        except RuntimeError:  # what a device refuses, it has no rate in
            continue
        found[name] = four_digits(2 * side**3 / min(times))
    return found


def _bandwidth(device: torch.device, effort: Effort) -> int:
    """Bytes a second of a pass in place over more than caches hold: each is read and written."""
    values = torch.ones(_STREAM[device.type == "cuda"], device=device)
    times = [_fastest(lambda: values.mul_(1.0), device, effort.seconds) for _ in range(effort.rounds)]
    return four_digits(2 * 4 * values.numel() / min(times))


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
