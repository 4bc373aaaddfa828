"""The tests of this folder need torch, and share the machine with other workers."""

from __future__ import annotations

import torch

torch.set_num_threads(2)
