"""ARMT, the product's encoder: MiniLM layers, a layered reader memory, and writers for the workspace memory.

One operation, `ARMT.forward` (the ONNX graph `step`), serves indexing (code, gate 0), recall (question, gate 0)
and reading (question and candidate, gate 1). The associative layer follows arXiv 2407.04841, section 3.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from associative import AssociativeMemory, dpfp
from minilm import Encoder, load_minilm

CLS, SEP, PAD = 101, 102, 0
QUESTION, CODE, MEMORY = 0, 1, 2
ANSWER_KINDS = ("span", "list", "place", "yes", "no", "none")


@dataclass(frozen=True)
class Config:
    """Sizes of the model; written to the bundle's `config.json` as `architecture`."""

    d: int = 384
    layers: int = 6
    heads: int = 12
    d_ff: int = 1536
    vocabulary: int = 30522
    writer_layers: int = 6  # layers below the writers: keys, β and gist are made of what these give
    d_mem: int = 64  # workspace memory: K = 2 * nu * d_mem
    nu: int = 3
    reader_layers: tuple[int, ...] = (3, 5)  # encoder layers that hold a reader memory
    reader_d_mem: int = 32
    reader_d_value: int = 96
    reader_norm: str = "unit"
    memory_tokens: tuple[int, ...] = (2, 3, 4, 5, 6, 7)  # unused word pieces serve as memory tokens

    @property
    def reader_keys(self) -> int:
        return 2 * self.nu * self.reader_d_mem

    @staticmethod
    def tiny() -> Config:
        """Small enough to learn something from scratch in minutes; for `short_run.py`."""
        return Config(
            d=96,
            layers=3,
            writer_layers=2,
            heads=4,
            d_ff=384,
            d_mem=32,
            reader_layers=(1,),
            reader_d_mem=16,
            reader_d_value=32,
        )

    @staticmethod
    def of(architecture: dict[str, Any]) -> Config:
        """From `as_dict`, also after it went through JSON; sizes that it does not name have their defaults."""
        return Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in architecture.items()})

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class ARMT(nn.Module):
    """Bidirectional encoder with associative memories.

    Shapes: B batch, T tokens, M anchors, L reader layers, K reader keys, V reader values.
    """

    output_names = ("A_out", "z_out", "keys", "beta", "gist", "start", "end", "relevance", "kind")

    def __init__(self, config: Config, backbone: Path | str | None = None) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.vocabulary, config.d, config.layers, config.heads, config.d_ff)
        self.heads = config.heads
        if backbone:
            load_minilm(self.encoder, backbone)
        d = config.d
        self.reader = nn.ModuleList(
            AssociativeMemory(
                d, config.reader_d_mem, nu=config.nu, d_value=config.reader_d_value, norm=config.reader_norm
            )
            for _ in config.reader_layers
        )
        self.key = nn.Linear(d, config.d_mem, bias=False)  # tied: W_q = W_k
        nn.init.orthogonal_(self.key.weight)
        self.beta = nn.Linear(d, 1)  # write strength of an anchor, weight of a question's word
        self.gist = nn.Linear(d, d, bias=False)
        nn.init.eye_(self.gist.weight)
        self.pool = nn.Linear(2 * d, d)
        self.relevance = nn.Linear(d, 1)
        self.kind = nn.Linear(d, len(ANSWER_KINDS))
        self.span = nn.Linear(d, 2)
        for head in (self.beta, self.relevance, self.kind, self.span):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def empty_state(self, batch: int) -> tuple[Tensor, Tensor]:
        c = self.config
        layers, keys = len(c.reader_layers), c.reader_keys
        return torch.zeros(layers, batch, keys, c.reader_d_value), torch.zeros(layers, batch, keys)

    def write(self, tokens: Tensor, kinds: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the layers below the writers give without a memory: keys [B,M,d_mem], β [B,M], gist [B,d]."""
        real, bias = self.padding(tokens)
        h = self.encoder.embed(tokens, kinds)
        for layer in self.encoder.layers[: self.config.writer_layers]:
            h = layer(h, bias)
        return self.writers(h, anchors, real)

    def padding(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """1 for each token that is there [B,T,1], and what is added to the scores of attention [B,1,1,T]."""
        real = (tokens != PAD).unsqueeze(-1).float()
        return real, ((1 - real) * -1e4).permute(0, 2, 1).unsqueeze(1)

    def at(self, h: Tensor, anchors: Tensor) -> Tensor:
        """h [B,T,d] at the anchors: [B,M,d]."""
        # Not clamp, and elsewhere not F.normalize: WebGPU has no kernel for what they become in ONNX.
        return h.gather(1, (anchors * (anchors >= 0)).unsqueeze(-1).expand(-1, -1, self.config.d))

    def writers(self, h: Tensor, anchors: Tensor, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keys, β and gist, made of what the layer below gives, h [B,T,d]; the gist is of text [B,T,1]."""
        written = self.at(h, anchors)
        gist = self.gist((h * text).sum(1) / text.sum(1))
        return (
            self.key(written),  # φ is applied where keys meet
            torch.sigmoid(self.beta(written)).squeeze(-1) * (anchors >= 0).float(),
            gist / gist.norm(dim=-1, keepdim=True).clamp_min(1e-12),
        )

    def forward(
        self, tokens: Tensor, kinds: Tensor, anchors: Tensor, A: Tensor, z: Tensor, gate: Tensor
    ) -> tuple[Tensor, ...]:
        """tokens, kinds [B,T]; anchors [B,M], -1 for none; A [L,B,K,V], z [L,B,K]; gate [B] -> `output_names`."""
        real, bias = self.padding(tokens)
        text = real * (kinds != MEMORY).unsqueeze(-1).float()
        writes = (anchors >= 0).float()  # [B,M]
        open_gate = gate.view(-1, 1, 1)

        h = self.encoder.embed(tokens, kinds)
        A_out, z_out = [], []
        written: tuple[Tensor, ...] = ()
        for index, layer in enumerate(self.encoder.layers):
            slot = self.config.reader_layers.index(index) if index in self.config.reader_layers else None
            if slot is not None:
                h = h + open_gate * self.reader[slot].read(h, A[slot], z[slot])
            h = layer(h, bias)
            if slot is not None:
                new_A, new_z = self.reader[slot].write(self.at(h, anchors), A[slot], z[slot], mask=writes)
                A_out.append(new_A)
                z_out.append(new_z)
            if index + 1 == self.config.writer_layers:
                written = self.writers(h, anchors, text)

        pooled = F.gelu(self.pool(torch.cat([h[:, 0], (h * text).sum(1) / text.sum(1)], -1)))
        spans = self.span(h) - (1 - text) * 1e4
        return (
            torch.stack(A_out),
            torch.stack(z_out),
            *written,
            spans[..., 0],
            spans[..., 1],
            self.relevance(pooled).squeeze(-1),
            self.kind(pooled),
        )


def phi(keys: Tensor, nu: int = 3) -> Tensor:
    """DPFP-nu scaled to unit length: [..., d_mem] -> [..., 2 * nu * d_mem]."""
    p = dpfp(keys, nu)
    return p * torch.rsqrt(p.pow(2).sum(-1, keepdim=True) + 1e-6)


def signs(keys: Tensor) -> Tensor:
    """What the log keeps of a write's key; the gradient passes as if it kept all (straight through)."""
    kept = keys.sign() * keys.abs().mean(-1, keepdim=True)
    return keys + (kept - keys).detach()
