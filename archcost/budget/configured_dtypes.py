"""The dtypes that a configuration has specs analysed in: ``dtype``, ``weight_dtype`` and ``kv_dtype``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import FLOAT_DTYPES, STORED_BITS
from archcost.settings import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.settings import Settings
    from archcost.spec.document import Mapping as Table
    from archcost.spec.value_reader import Reader


def read_dtypes(reader: Reader, table: Table) -> dict[str, str]:
    """The dtypes of a configuration by the names of their settings; what is wrong with one goes to the reader."""
    found = {}
    for name in DTYPES:
        if name in table.entries:
            known = FLOAT_DTYPES if name == "dtype" else tuple(STORED_BITS)
            dtype = reader.dtype(table.entries[name][1], known)
            if dtype is not None:
                found[name] = dtype
    return found


def with_dtypes(settings: Settings, configured: Mapping[str, str]) -> Settings:
    """Settings with the configured dtypes, where none is given in their place."""
    return settings.with_dtypes({**configured, **settings.dtypes})
