"""How long a model takes on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.api.hardware import device_in
from archcost.api.models import report_of
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from archcost.analysis.report import Report
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.hardware.device import Device
    from archcost.timing.prediction import Prediction


def predict(
    spec: AnySpec | Report,
    *,
    device: str | os.PathLike[str] | Device,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    mixed: str | None = None,
    compiled: bool = False,
    channels_last: bool = False,
    plain_attention: bool = False,
    training: bool = False,
    optimizer: str | None = None,
) -> Prediction:
    """How long a pass of a model takes on a device, or a training step, layer by layer, and how wrong that may be.

    ``device`` is a name, a file or a :class:`Device`. ``dtype`` is that of weights and activations, ``mixed`` the half
    precision of autocast over float32 weights; ``compiled`` is under torch.compile, ``channels_last`` in that layout,
    ``plain_attention`` with the scores of attention in memory, as before PyTorch 2.0.
    An ``optimizer`` (sgd, adamw …) is that of a ``training`` step, and implies one. Nothing is measured: kernels take
    as long as their products, their bytes or their launch. Raises UsageError for a device that there is not, and one of
    which a figure that is needed is not known, and what :func:`archcost.analyze` raises.
    """
    from archcost.analysis.report import Report as ReportType
    from archcost.errors import UsageError
    from archcost.timing.prediction import execution_of
    from archcost.timing.prediction import predict as predict_time

    run = execution_of(
        mixed=mixed,
        compiled=compiled,
        channels_last=channels_last,
        training=training,
        optimizer=optimizer,
        plain_attention=plain_attention,
    )
    trains = run.training and not isinstance(spec, ReportType)  # a report has its settings already
    settings = Settings(params or {}, batch, trains, dtype, weight_dtype, shapes_by_name(inputs))
    report = report_of(spec, settings)
    if run.training and not report.graph.training:
        raise UsageError(f"the report of {report.name} is of inference", "analyse it with `training=True`")
    return predict_time(report, device_in(device), run._replace(training=report.graph.training))
