"""The documents that are printed as JSON, by name: the one table that ``archcost schema`` and its tests read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.analysis.data import FailedReportData, ReportData
from archcost.analysis.memory.data import MemoryData
from archcost.analysis.microcontroller.data import MicrocontrollerData
from archcost.analysis.zoo_check import StatedData
from archcost.budget.config_schema import config_schema
from archcost.budget.data import VerdictData
from archcost.comparing.data import ComparisonData, SideBySideData
from archcost.conventions.data import ReconciliationData
from archcost.documents import FailedData, schema_of
from archcost.explaining.data import ExplanationData
from archcost.explaining.in_variable_data import FormulasData
from archcost.explaining.op_reference_data import OpData
from archcost.explaining.overview_data import StoryData
from archcost.fitting.data import FitsData
from archcost.hardware.device import DeviceData
from archcost.pytorch.bench_data import BenchData
from archcost.pytorch.data import VerificationData
from archcost.render.page.page_data import PageData
from archcost.spec.schema import spec_schema
from archcost.suggesting.data import RewriteData, SuggestionsData
from archcost.sweeping.data import SweepData
from archcost.sweeping.space_schema import space_schema
from archcost.timing.data import PredictionData
from archcost.timing.training_cost_data import TrainingCostData
from archcost.zoo_index import ZooModelData

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITTEN: dict[str, Callable[[], dict[str, Any]]] = {  # those that are made from no document's type
    "spec": spec_schema,
    "config": config_schema,
    "space": space_schema,
}
DOCUMENTS: dict[str, Any] = {  # a type each: one document, a list, or either
    "verdict": VerdictData,
    "report": ReportData | FailedReportData | list[ReportData | FailedReportData],
    "memory": MemoryData | FailedData | list[MemoryData | FailedData],
    "microcontroller": MicrocontrollerData | FailedData | list[MicrocontrollerData | FailedData],
    "comparison": ComparisonData,
    "side-by-side": SideBySideData,
    "explanation": ExplanationData | StoryData | FormulasData,
    "reconciliation": ReconciliationData,
    "verification": VerificationData | FailedData | list[VerificationData | FailedData],
    "bench": BenchData,
    "devices": list[DeviceData],
    "fits": FitsData | FailedData | list[FitsData | FailedData],
    "prediction": PredictionData | FailedData | list[PredictionData | FailedData],
    "suggest": SuggestionsData,
    "rewrites": list[RewriteData],
    "sweep": SweepData,
    "training-cost": TrainingCostData | FailedData | list[TrainingCostData | FailedData],
    "page": PageData,
    "ops": list[OpData],
    "zoo": list[ZooModelData],
    "zoo-check": list[StatedData],
}


def document_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document."""
    return schema_of(DOCUMENTS[name], name)


SCHEMAS = (*_WRITTEN, *DOCUMENTS)


def named_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one of SCHEMAS."""
    return _WRITTEN[name]() if name in _WRITTEN else document_schema(name)
