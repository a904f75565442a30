"""Associative memory layer of ARMT (Rodkin et al. 2024, arXiv 2407.04841, section 3).

Shapes in comments: B batch, T tokens of a segment, M memory tokens, d hidden width,
K = 2 * nu * d_mem features of a key, V width of the values, A [B, K, V], z [B, K].
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-5  # the reference's constant: added to z.phi and to |phi(k)|^2 in gamma
UNIT_EPS = 1e-6


def dpfp(x: Tensor, nu: int) -> Tensor:
    """Deterministic parameter-free projection: [..., n] -> [..., 2 * nu * n] (arXiv 2102.11174, section 5.3)."""
    x = torch.cat([F.relu(x), F.relu(-x)], -1)  # [..., 2n]
    return torch.cat([x * x.roll(j, -1) for j in range(1, nu + 1)], -1)


def unit(x: Tensor) -> Tensor:
    """Scales the last dimension to length 1; an all-zero vector stays zero."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + UNIT_EPS)


class AssociativeMemory(nn.Module):
    """Reads `h += A^T phi(W_mq h) / (z^T phi + eps)` and writes by the delta rule, all M tokens at once.

    norm "z" is the reference: normaliser z, gamma correction on or off. norm "unit" scales phi to unit
    length and uses no z (it is handed through), so that what was never written reads as a small vector.
    d_value None keeps full-rank values (V = d, the reference); else V = d_value and W_mo projects back.
    Parameter names are those of the reference's checkpoints. A state of zeros is an empty memory: it
    reads as 0 and the next write into it is that of a first segment, without a branch in the graph.
    """

    def __init__(
        self,
        d: int,
        d_mem: int,
        nu: int = 3,
        d_value: int | None = None,
        norm: Literal["z", "unit"] = "z",
        correction: bool = True,
        layer_norm: bool = False,
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.nu, self.norm, self.correction = nu, norm, correction
        self.d_key, self.d_value = 2 * nu * d_mem, d if d_value is None else d_value
        self.ln_q = nn.LayerNorm(d) if layer_norm else nn.Identity()
        self.ln_m = nn.LayerNorm(d) if layer_norm else nn.Identity()
        self.W_mq = nn.Linear(d, d_mem, bias=False)
        self.W_mk = self.W_mq if tied else nn.Linear(d, d_mem, bias=False)
        self.W_mv = nn.Linear(d, self.d_value, bias=False)
        self.W_mb = nn.Linear(d, 1)
        self.W_mo = nn.Identity() if d_value is None else nn.Linear(d_value, d, bias=False)

    def empty(self, batch: int = 1, like: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """An empty state: A [B, K, V], z [B, K]."""
        like = self.W_mb.weight if like is None else like
        return like.new_zeros(batch, self.d_key, self.d_value), like.new_zeros(batch, self.d_key)

    def phi(self, x: Tensor) -> Tensor:
        """Key or query projections [..., d_mem] -> features [..., K]."""
        p = dpfp(x, self.nu)
        return unit(p) if self.norm == "unit" else p

    def query(self, h: Tensor) -> Tensor:
        """Features of what is asked for: [B, T, d] -> [B, T, K]."""
        return self.phi(self.W_mq(self.ln_q(h)))

    def key(self, m: Tensor) -> Tensor:
        """Features of what is written: [B, M, d] -> [B, M, K]."""
        return self.phi(self.W_mk(self.ln_m(m)))

    def beta(self, m: Tensor) -> Tensor:
        """Strength of each write, 0..1: [B, M, d] -> [B, M, 1]."""
        return torch.sigmoid(self.W_mb(self.ln_m(m)))

    def _recall(self, p: Tensor, A: Tensor, z: Tensor) -> tuple[Tensor, Tensor | None]:
        """Values stored under features p [B, T, K] -> [B, T, V], and the denominator [B, T, 1] if z is used."""
        if self.norm == "unit":
            return p @ A, None
        denominator = p @ z.unsqueeze(-1) + EPS
        return (p @ A) / denominator, denominator

    def read(self, h: Tensor, A: Tensor, z: Tensor) -> Tensor:
        """What is to be added to h: [B, T, d]. A and z may have batch 1 (one memory, many readers)."""
        return self.W_mo(self._recall(self.query(h), A, z)[0])

    def write(
        self, m: Tensor, A: Tensor, z: Tensor, first: bool | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """State after the memory tokens m [B, M, d] are written, all from the same old state.

        first: whether the memory is empty; None finds out from z (phi >= 0, so z = 0 only when empty).
        mask [B, M]: 1 where a token writes, 0 where it is padding.
        """
        p, beta = self.key(m), self.beta(m)  # [B, M, K], [B, M, 1]
        old, denominator = self._recall(p, A, z)  # [B, M, V]; exactly 0 for A = 0
        if mask is not None:
            beta = beta * mask.unsqueeze(-1).to(beta.dtype)
        A = A + p.transpose(1, 2) @ (beta * (self.W_mv(self.ln_m(m)) - old))
        if denominator is None:
            return A, z
        gamma = torch.ones_like(denominator)
        if self.correction and not first:
            gamma = (1 - denominator / (p.square().sum(-1, keepdim=True) + EPS)).clamp(0, 1).detach()
            if first is None:
                gamma = torch.where(z.sum(-1)[:, None, None] > 0, gamma, torch.ones_like(gamma))
        if mask is not None:
            gamma = gamma * mask.unsqueeze(-1).to(gamma.dtype)
        return A, z + (gamma * p).sum(1)
