"""How long a model takes on a device: kernels, what bounds each of them, and how wrong such a prediction has been."""
