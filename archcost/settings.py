"""The settings of an analysis, in one value that the graph carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(NamedTuple):
    """The settings of an analysis, as they were given; a graph depends on them and the spec alone.

    ``params`` override the spec's own. ``batch`` is the size of dim 0 of the inputs. ``training`` includes what a spec
    builds only then. ``dtype`` is that of weights and floating inputs (None: the spec's), ``weight_dtype`` that of the
    matrices among the weights (None: the dtype).
    """

    params: Mapping[str, Any] = {}
    batch: int = 1
    training: bool = False
    dtype: str | None = None
    weight_dtype: str | None = None

    @property
    def as_it_stands(self) -> bool:
        """Whether the model is that of the spec itself, whose expected figures then hold; dtypes change bytes alone."""
        return not self.params and self.batch == 1 and not self.training


AS_IT_STANDS = Settings()
