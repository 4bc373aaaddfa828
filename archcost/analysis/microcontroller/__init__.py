"""A model in int8 on a microcontroller: fused kernels, their SRAM and their flash."""
