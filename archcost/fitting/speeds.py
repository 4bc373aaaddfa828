"""How fast a language model could read a prompt and write tokens: bounds that no program passes, not predictions.

A pass takes at least as long as its products at the printed dense rate, and as long as its weights and caches take to
be read once at the printed bandwidth. Programs are slower: the activations, the kernels' efficiency and the time
between them are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.traffic import weight_bytes_read

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.fitting.workload import Workload
    from archcost.hardware.device import Device

NANOSECONDS = 10**9


class LeastTime(NamedTuple):
    """The least nanoseconds of a pass, and what they are spent on; None where the device's figure is unknown."""

    nanoseconds: int
    by: str  # products, or memory


class Speeds(NamedTuple):
    """Of a batch of sequences: a prompt as long as the context, and one more token each behind it."""

    batch: int
    context: int
    prompt: LeastTime | None
    token: LeastTime | None

    @property
    def tokens_per_second(self) -> int | None:
        """The most tokens a second of all sequences together, rounded down; None where the bound is unknown."""
        return self.batch * NANOSECONDS // self.token.nanoseconds if self.token else None


def speeds_of(workload: Workload, device: Device) -> Speeds | None:
    """The bounds for a language model that generates; None for any other workload, and on several devices."""
    context = workload.context
    if not workload.generates or context is None or workload.conditions.division.divides:
        return None
    token = workload.report
    prompt = workload.prompt().report
    return Speeds(workload.settings.batch, context, _bound(prompt, device), _bound(token, device))


def _bound(report: Report, device: Device) -> LeastTime | None:
    rate, bandwidth = device.peaks.get(report.dtype), device.bytes_per_second
    if rate is None or bandwidth is None:
        return None
    products = -(-2 * report.totals.macs * NANOSECONDS // rate)
    memory = -(-_bytes_read(report) * NANOSECONDS // bandwidth)
    return LeastTime(products, "products") if products > memory else LeastTime(memory, "memory")


def _bytes_read(report: Report) -> int:
    """Weights and caches, each once: of an embedding the rows that are looked up, of experts those in use."""
    graph = report.graph
    read = [weight_bytes_read(node, report.dtype, graph.matrix_dtype(node.signature)) for node in graph.nodes]
    return sum(read) + report.totals.cache_bytes
