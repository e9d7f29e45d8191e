"""Gives logits in float32 although the weights are of half the width. Knows the usual name of the last layer.

A bfloat16 logit of 8 to 16 is a multiple of 0.0625: the best two are often equal, and the first of them wins by its
number. The product is summed up in float32 anyway; only its rounding at the end is left out.
"""

from __future__ import annotations

import torch
from torch import nn


class WideHead(nn.Module):
    """A linear layer without a bias whose result is float32."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = layer.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., width in) -> (..., width out), float32."""
        rows = x.flatten(0, -2)
        if rows.is_cuda and rows.dtype != torch.float32:
            out = torch.mm(rows, self.weight.t(), out_dtype=torch.float32)
        else:
            out = (rows @ self.weight.t()).float()
        return out.view(*x.shape[:-1], -1)


def widen_head(model: nn.Module) -> bool:
    """Widen ``lm_head`` where it is a plain linear layer in a half-width type; whether it was."""
    head = getattr(model, "lm_head", None)
    if (
        not isinstance(head, nn.Linear)
        or type(head) is not nn.Linear
        or head.bias is not None
        or head.weight.dtype == torch.float32
    ):
        return False
    model.lm_head = WideHead(head)
    return True
