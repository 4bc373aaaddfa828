"""A device that was measured, as a document: its rates by class, and how noisy the machine was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.devices import DeviceDocument
from archcost.render.document import Gap, Line, Records, branches_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.hardware.device import Device
    from archcost.render.document import Block, TreeLine

_NOISY = 100  # thousandths of spread from which a machine is called noisy


class CalibrationDocument(NamedTuple):
    """The device, and the file that it was written to; ``is_local`` if it is the one of `--device local`."""

    device: Device
    path: str
    is_local: bool = True

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        yield from DeviceDocument(self.device).blocks(most)
        measured = self.device.measured
        assert measured is not None, "a device that was measured"
        if measured.spread > _NOISY:
            yield Gap()
            yield Line("the machine was busy: close other programs and measure again, or trust its figures less")
        yield Gap()
        name = "local" if self.is_local else self.path
        yield Line(f"written to {self.path}; `archcost predict resnet50 --device {name}` uses it", style="dim")

    def branches(self) -> Iterator[TreeLine]:
        """The same as a tree."""
        return iter(branches_of(self.blocks(None)))

    def records(self) -> Records:
        """The row of the device."""
        return DeviceDocument(self.device).records()

    def data(self) -> object:
        """A list of this one device."""
        return DeviceDocument(self.device).data()
