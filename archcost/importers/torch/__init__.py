"""PyTorch models, recorded while they run once: the reader behind ``torchvision:``, ``timm:`` and Python's own names."""
