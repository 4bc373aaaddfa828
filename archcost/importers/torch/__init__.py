"""PyTorch models, recorded while they run once: what reads ``torchvision:``, ``timm:`` and names of Python."""
