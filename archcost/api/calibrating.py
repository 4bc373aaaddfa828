"""Measuring this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from archcost.hardware.device import Device


def calibrate(
    path: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    threads: int = 0,
    quick: bool = False,
    watch: Callable[[str], None] | None = None,
) -> Device:
    """This machine as a device, measured with PyTorch in less than two minutes, and written to a file.

    Without a ``path`` it is the file that the device ``local`` is read from. ``device`` is cpu, cuda, or auto;
    ``threads`` are those of the CPU (0: torch's choice), and predictions are of as many; ``quick`` takes a quarter of
    the time and is less sure; ``watch`` is told what is measured. Raises MissingExtraError without torch, UsageError
    for a device that is missing and, before anything is measured, for a path that does not end in ``.toml`` or cannot
    be written.
    """
    import os

    from archcost.errors import UsageError
    from archcost.extras import require
    from archcost.hardware.local import device_text, local_path
    from archcost.hardware.own import ENDING
    from archcost.threads import check_threads
    from archcost.writing import check_place, write_new

    file = local_path() if path is None else os.fspath(path)
    if not file.endswith(ENDING):
        raise UsageError(f"a device is a file whose name ends in {ENDING}, got {file}", f"write {file}{ENDING}")
    check_threads(threads)
    check_place(file, makes_way=True, way_out="give another name: `-o FILE`")  # before it is measured
    require("torch")
    from archcost.pytorch.calibrating import calibrated
    from archcost.pytorch.repeated_calls import QUICK, Effort

    found = calibrated(device, threads, QUICK if quick else Effort(), watch or (lambda _: None))
    write_new(file, device_text(found), over=True)
    return found
