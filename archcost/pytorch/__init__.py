"""Graph to PyTorch: the modules, the counters that judge archcost's figures, and the verdict.

Nothing here shares a formula with :mod:`archcost.ops`: the builders read attributes and input shapes, and PyTorch does
the rest. That is what makes agreement a proof. Importing this package does not import torch; its modules do, so they
are imported only after :func:`archcost.extras.require`.
"""

from __future__ import annotations

import logging

# Importing torch's benchmark tools warns on machines with a CUDA toolkit and no GPU; what is measured is said anyway.
logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
