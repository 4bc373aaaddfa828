"""Pages for browsers and notebooks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, overload

from archcost.api.hardware import device_in
from archcost.api.models import reports_of_each
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from typing_extensions import TypeIs

    from archcost.analysis.report import Report
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.hardware.device import Device
    from archcost.render.page.page import Page
    from archcost.render.page.sweep_page import SweepPage
    from archcost.sweeping.sweep import Sweep


@overload
def page(spec: Sweep) -> SweepPage: ...


@overload
def page(
    spec: AnySpec | Report,
    after: AnySpec | Report | None = None,
    *,
    device: str | os.PathLike[str] | Device | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
) -> Page: ...


def page(
    spec: AnySpec | Report | Sweep,
    after: AnySpec | Report | None = None,
    *,
    device: str | os.PathLike[str] | Device | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
) -> Page | SweepPage:
    """A model on a page, or two coloured by what changes, or the designs of a sweep, as ``archcost report`` writes it.

    ``save("net.html")`` writes the one file that a browser shows, ``net.svg`` the picture alone and ``net.json`` the
    document; in a notebook the page shows its headlines and the picture. With a ``device`` it tells the time on it and
    whether the model fits. Settings are those of both, and ``inputs`` of those that have them; for settings of their
    own, give reports.
    Raises what :func:`archcost.analyze` raises, and UsageError for an unknown device, for one without the figures that
    a time takes, and for settings beside a report.
    """
    from archcost.render.page.page import Page as PageType

    if _is_sweep(spec):
        return _sweep_page(spec, after, device)
    settings = Settings(params or {}, batch, training, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype)
    models = [spec] if after is None else [spec, after]
    reports = reports_of_each(models, settings)
    return PageType(reports, None if device is None else device_in(device))


def _is_sweep(value: object) -> TypeIs[Sweep]:
    """Whether a value is a Sweep, whose room is loaded with it: it needs numpy."""
    room = sys.modules.get("archcost.sweeping.sweep")
    return room is not None and isinstance(value, room.Sweep)


def _sweep_page(sweep: Sweep, *further: object) -> SweepPage:
    from archcost.errors import UsageError
    from archcost.render.page.sweep_page import sweep_page

    if any(each is not None for each in further):
        raise UsageError("the page of a sweep is of that alone", "give the device to `sweep(…, device=…)`")
    return sweep_page(sweep)
