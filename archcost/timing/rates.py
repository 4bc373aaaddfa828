"""The constants of the prediction: what share of printed rates kernels reach, and what a launch takes.

Each is physical, and the same for all models and all devices of a kind. Those of GPUs were fixed on the measurements of
one device, the GeForce RTX 3090; those of CPUs on the one that there are measurements of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dtypes import FLOAT_DTYPES
from archcost.errors import UsageError
from archcost.hardware.device import CPU
from archcost.timing.kernels import Pipe
from archcost.timing.precision import FLOAT32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archcost.hardware.device import Device
    from archcost.timing.kernels import DeviceKernel, RunMode

NANOSECONDS = 10**9
MILLE = 1000
TF32 = "tf32"
HALVES = ("float16", "bfloat16")
_OWN = 'describe it in a file of your own: `memory = "8 GiB"`, `bandwidth = "1008 GB/s"`, `float32 = "82.6 TFLOPS"`'
_IN_FLOAT32 = (Pipe.MATRICES, Pipe.DEPTHWISE)  # products that stay in it
PRODUCTS, ARITHMETIC, MEMORY, LAUNCH = "products", "arithmetic", "memory", "launch"  # what bounds a kernel
_RTX3090 = "measurements of the RTX 3090"
_I9 = "measurements of the Core i9-10940X"


class RateConstant(NamedTuple):
    """A constant: its value in a unit, what it means, and where it is from."""

    value: int
    unit: str
    meaning: str
    origin: str


_SHARE = "‰"
_GPU: dict[str, RateConstant] = {
    "tensor cores at half rate": RateConstant(
        1080,
        _SHARE,
        "of the printed rate, where float32 sums halve it: the units never wait, and cards clock above what is printed",
        _RTX3090,
    ),
    "tensor cores at full rate": RateConstant(
        790,
        _SHARE,
        "of the printed rate, where sums in float32 do not halve it: fed by shared memory, bound by power",
        "a measured matrix product: 247.6 of the 312 TFLOP/s of an A100",
    ),
    "float32 units": RateConstant(900, _SHARE, "of the printed float32 rate that products reach", "assumed"),
    Pipe.DEPTHWISE: RateConstant(
        350, _SHARE, "of the float32 rate that depthwise convolutions reach, in any dtype", _RTX3090
    ),
    "grouped in channels-last": RateConstant(
        736,
        _SHARE,
        "of the rate of grouped convolutions that they keep in channels-last: 1 / 1.358",
        "PyTorch, torch/_inductor/graph.py, GROUPED_MULTIPLIER",
    ),
    "memory": RateConstant(850, _SHARE, "of the printed bandwidth that a pass reaches", _RTX3090),
    "cache": RateConstant(
        500,
        _SHARE,
        "of the cache, where its size is known, that holds the end of what the kernel before wrote: the reader's own "
        "output takes the rest",
        "by definition",
    ),
    Pipe.GROUPED: RateConstant(700, _SHARE, "of the printed bandwidth that grouped convolutions reach", _RTX3090),
    "operation": RateConstant(2, "instructions", "for an operation of the float32 units", _RTX3090),
    Pipe.POOL: RateConstant(7, "instructions", "for a tap of a pool: address, bound, load, conversion", _RTX3090),
    "eager": RateConstant(
        10_000,
        "ns",
        "of a launch by eager PyTorch, from Python to the driver",
        "5 to 25 µs in a course on GPU kernels, 7 µs in PyTorch issue 41383",
    ),
    "compiled": RateConstant(
        5_000,
        "ns",
        "of a launch from compiled code",
        "4 to 6 µs in the driver (a blog on CUDA graphs), about as PyTorch pull request 180507 has it",
    ),
}
_CPU: dict[str, RateConstant] = {
    Pipe.CONVOLUTION: RateConstant(250, _SHARE, "of the float32 rate that convolutions reach", _I9),
    Pipe.POINTWISE: RateConstant(650, _SHARE, "of the float32 rate that 1×1 convolutions reach", _I9),
    Pipe.GROUPED: RateConstant(650, _SHARE, "of the float32 rate that grouped convolutions reach", _I9),
    Pipe.DEPTHWISE: RateConstant(250, _SHARE, "of the float32 rate that depthwise convolutions reach", _I9),
    Pipe.MATRICES: RateConstant(350, _SHARE, "of the float32 rate that products of matrices reach", _I9),
    "float32 units": RateConstant(100, _SHARE, "of the float32 rate that loops over elements reach", _I9),
    "memory": RateConstant(600, _SHARE, "of the printed bandwidth that a pass reaches", _I9),
    "weights": RateConstant(
        5, "times", "their bytes that weights cost, which each run reads and packs into blocks", _I9
    ),
    "operation": RateConstant(1, "instructions", "for an operation of the float32 units", "by definition"),
    Pipe.POOL: RateConstant(1, "instructions", "for a tap of a pool", "by definition"),
    "call": RateConstant(80_000, "ns", "of a call of a library for a product, with its parallel loop", _I9),
    "eager": RateConstant(
        10_000, "ns", "of any other kernel from Python: a parallel loop, start to end", "as compiled"
    ),
    "compiled": RateConstant(10_000, "ns", "of any other kernel: a parallel loop, start to end", _I9),
}
CONSTANTS = {"gpu": _GPU, CPU: _CPU}


def dense_rate(device: Device, dtype: str) -> int:
    """The operations a second of dense products in a dtype, as printed; raises UsageError where none is known."""
    peak = device.peaks.get(dtype)
    if peak is None:
        raise UsageError(f"no dense rate in {dtype} is known of {device.name}", _other_rates(device))
    return peak


def _other_rates(device: Device) -> str:
    """What to do without a rate: run in another dtype, or say what the device does."""
    words = [f"`--dtype {name}`" for name in device.peaks if name in FLOAT_DTYPES]
    return f"a rate is known for {', '.join(words)}" if words else _OWN


def runs_in(device: Device, dtype: str, pipe: Pipe) -> str:
    """What products of factors in a dtype run in: convolutions of float32 in TF32, where a device has it.

    cuDNN may use it, unless it is told not to; depthwise convolutions do not run on tensor cores.
    """
    if dtype == FLOAT32 and device.kind != CPU and pipe not in _IN_FLOAT32 and TF32 in device.peaks:
        return TF32
    return dtype


def taken_as_float32(device: Device, dtype: str) -> bool:
    """Whether no rate in a half precision is known of a device, and one in float32 is.

    GPUs without units for halves compute their products in float32; of others it is a guess, and to be said.
    """
    guessed = dtype in HALVES and device.kind != CPU and device.measured is None
    return guessed and dtype not in device.peaks and FLOAT32 in device.peaks


class Time(NamedTuple):
    """Nanoseconds, and what they are spent on."""

    nanoseconds: int
    by: str


class Rates:
    """What a device does in a run; raises UsageError for one of which no bandwidth is known."""

    def __init__(self, device: Device, run: RunMode) -> None:
        self.device = device
        self.run = run
        self.is_cpu = device.kind == CPU
        self.constants = CONSTANTS[CPU if self.is_cpu else "gpu"]
        if device.bytes_per_second is None:
            raise UsageError(f"no bandwidth is known of {device.name}, so no time can be predicted", _OWN)
        self.bandwidth = device.bytes_per_second
        self.cache = 0 if self.is_cpu else (device.cache_bytes or 0) * self._value("cache") // MILLE

    def times(self, kernels: Iterable[DeviceKernel]) -> Iterator[Time]:
        """The time of each kernel, in order; it finds in the cache what the one before has left there to be read."""
        left = 0
        for kernel in kernels:
            yield self.time(kernel._replace(read=max(0, kernel.read - left * kernel.follows)))
            left = min(kernel.written, self.cache)

    def time(self, kernel: DeviceKernel) -> Time:
        """The time of a kernel: the longest of its products, its arithmetic, its bytes and its launches."""
        return max(
            Time(_ceil(2 * kernel.macs, self._products(kernel)) if kernel.macs else 0, PRODUCTS),
            Time(self._arithmetic(kernel), ARITHMETIC),
            Time(self._memory(kernel), MEMORY),
            Time(kernel.launches * self._launch(kernel), LAUNCH),
            key=lambda time: time.nanoseconds,
        )

    def _launch(self, kernel: DeviceKernel) -> int:
        if self.is_cpu and kernel.macs:
            return self._value("call")
        return self._value("compiled" if self.run.compiled else "eager")

    def _value(self, name: str) -> int:
        return self.constants[name].value

    def _products(self, kernel: DeviceKernel) -> int:
        """Operations in a thousand seconds that products of this kind reach."""
        pipe = kernel.pipe
        if self.is_cpu:
            return dense_rate(self.device, kernel.dtype) * self._value(pipe)
        if pipe is Pipe.DEPTHWISE:
            return dense_rate(self.device, FLOAT32) * self._value(pipe)
        known = not taken_as_float32(self.device, kernel.dtype)
        dtype = runs_in(self.device, kernel.dtype, pipe) if known else FLOAT32
        if dtype == FLOAT32:
            share = self._value("float32 units")
        else:
            share = self._value(f"tensor cores at {'half' if self.device.float16_acc16 else 'full'} rate")
        if pipe is Pipe.GROUPED and (self.run.channels_last or self.run.compiled):
            share = share * self._value("grouped in channels-last") // MILLE
        return dense_rate(self.device, dtype) * share

    def _arithmetic(self, kernel: DeviceKernel) -> int:
        peak = self.device.peaks.get(FLOAT32)
        if not kernel.operations or peak is None:
            return 0
        each = self._value(Pipe.POOL if kernel.pipe is Pipe.POOL else "operation")
        share = self._value("float32 units") if self.is_cpu else MILLE
        return _ceil(kernel.operations * each, peak * share)

    def _memory(self, kernel: DeviceKernel) -> int:
        name = Pipe.GROUPED if kernel.pipe is Pipe.GROUPED and not self.is_cpu else "memory"
        moved = kernel.read + kernel.written + kernel.weights * (self._value("weights") if self.is_cpu else 1)
        return _ceil(moved, self.bandwidth * self._value(name))


def _ceil(amount: int, rate: int) -> int:
    """Nanoseconds at a rate in thousandths, rounded up."""
    return -(-amount * NANOSECONDS * MILLE // rate)
