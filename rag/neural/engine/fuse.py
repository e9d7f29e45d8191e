"""Joins projections that read the same input into one matrix product. Knows the usual names of transformers' modules.

`q_proj`, `k_proj`, `v_proj` and `gate_proj`, `up_proj` are called in that order with the same tensor: the first
computes all of them, and the others take their part. Whoever is called with another tensor computes its own.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

GROUPS = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


class _Shared:
    """The products of the last call, waiting for those who asked second."""

    source: torch.Tensor | None = None
    parts: tuple[torch.Tensor, ...] = ()


class _First(nn.Module):
    def __init__(self, layers: list[nn.Linear], shared: _Shared) -> None:
        super().__init__()
        self.sizes = [layer.out_features for layer in layers]
        self.weight = nn.Parameter(torch.cat([layer.weight for layer in layers]), requires_grad=False)
        biases = [layer.bias for layer in layers]
        self.bias = nn.Parameter(torch.cat(biases), requires_grad=False) if biases[0] is not None else None
        self.shared = shared

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = linear(x, self.weight, self.bias).split(self.sizes, dim=-1)
        self.shared.source, self.shared.parts = x, parts
        return parts[0]


class _Later(nn.Module):
    def __init__(self, first: _First, index: int, is_last: bool) -> None:
        super().__init__()
        begin = sum(first.sizes[:index])
        # Views: no memory of their own, and in use only when called out of order.
        self.weight = first.weight[begin : begin + first.sizes[index]]
        self.bias = first.bias[begin : begin + first.sizes[index]] if first.bias is not None else None
        self.shared, self.index, self.is_last = first.shared, index, is_last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.shared.source is not x:
            return linear(x, self.weight, self.bias)
        part = self.shared.parts[self.index]
        if self.is_last:
            self.shared.source, self.shared.parts = None, ()
        return part


def fuse_projections(model: nn.Module) -> int:
    """Fuse wherever all of a group are plain, equally typed linear layers; the number of groups fused."""
    fused = 0
    for module in list(model.modules()):
        for names in GROUPS:
            layers = [getattr(module, name, None) for name in names]
            if all(type(layer) is nn.Linear for layer in layers):
                fused += _fuse(module, names, [layer for layer in layers if isinstance(layer, nn.Linear)])
    return fused


def _fuse(parent: nn.Module, names: tuple[str, ...], layers: list[nn.Linear]) -> int:
    if len({layer.weight.dtype for layer in layers}) > 1 or len({layer.bias is None for layer in layers}) > 1:
        return 0
    first = _First(layers, _Shared())
    setattr(parent, names[0], first)
    for index, name in enumerate(names[1:], 1):
        setattr(parent, name, _Later(first, index, index == len(names) - 1))
    return 1
