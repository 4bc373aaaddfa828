"""Budgets: check specs against them, and update the baseline that growth is measured from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from archcost.api.models import AnyInputs
    from archcost.budget.ratchet import Done
    from archcost.budget.verdict import Verdict
    from archcost.named_specs import Track


def check(
    specs: Iterable[str | os.PathLike[str]] = (),
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    config: str | None = None,
    baseline: str | None = None,
    baseline_ref: str | None = None,
    expect: bool = False,
    latency: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    strict: bool = False,
    allow_import: bool = False,
    track: Track = list,
) -> Verdict:
    """Check specs (default: those of the configuration) against their budgets, as ``archcost check`` does.

    A wrong spec, configuration or lock file is part of the verdict: ``exit_code`` is then 2, 1 where a limit is
    exceeded, else 0. ``strict`` fails growth limits that have no baseline. ``allow_import`` lets a configuration that
    allows it as well have code of its repository run, which makes its models. The dtypes, as in
    :func:`archcost.analyze`, come before those of the configuration. The paths are judged as ``track`` gives them out,
    which may show how far it is. Raises UsageError for calls that make no sense.
    """
    import os

    from archcost.budget.cases import Request
    from archcost.budget.check import check as judge

    return judge(
        Request(
            specs=tuple(os.fspath(spec) for spec in specs),
            settings=Settings(dict(params or {}), batch, False, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype),
            config=config,
            baseline=baseline,
            baseline_ref=baseline_ref,
            expect=expect,
            latency=latency,
            strict=strict,
            allow_import=allow_import,
        ),
        track,
    )


def update_baseline(
    specs: Iterable[str | os.PathLike[str]] = (),
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    config: str | None = None,
    baseline: str | None = None,
    allow_increase: bool = False,
    latency: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    allow_import: bool = False,
    track: Track = list,
) -> Done:
    """Record specs (default: those of the configuration) in the lock file, as ``archcost baseline update`` does.

    Nothing is written where a spec or a file is wrong (``diagnostics``), or where params, MACs or a limited figure grew
    and ``allow_increase`` is not given (``refused``). The dtypes, ``allow_import`` and ``track`` are as in
    :func:`check`. Raises UsageError for calls that make no sense.
    """
    import os

    from archcost.budget.record import Order
    from archcost.budget.record import update_baseline as record

    return record(
        Order(
            specs=tuple(os.fspath(spec) for spec in specs),
            settings=Settings(dict(params or {}), batch, False, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype),
            config=config,
            baseline=baseline,
            allow_increase=allow_increase,
            latency=latency,
            allow_import=allow_import,
        ),
        track,
    )
