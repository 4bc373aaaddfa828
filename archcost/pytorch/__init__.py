"""Graph to PyTorch: the modules, the counters that judge archcost's figures, and the verdict.

Nothing here shares a formula with :mod:`archcost.ops`: the builders read attributes and input shapes, and PyTorch does
the rest. That is what makes agreement a proof. Importing this package does not import torch; its modules do, so they
are imported only after :func:`require`.
"""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec

from archcost.errors import CallError, MissingExtraError

# Importing torch's benchmark tools warns on machines with a CUDA toolkit and no GPU; what is measured is said anyway.
logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)


def require(*packages: str) -> None:
    """Raise MissingExtraError for the first package that is not installed, CallError if they cannot be loaded.

    Libraries of torch end the process if there is no working directory.
    """
    try:
        os.getcwd()
    except OSError as gone:
        raise CallError(f"the working directory cannot be used: {gone.strerror}", "change to another one") from None
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError(package, "verify")
