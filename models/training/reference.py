"""The reference wiring of ARMT (arXiv 2407.04841): GPT-2 with an associative memory in every layer.

Parameter names are those of the reference's state dict, so its checkpoints load as they are.
Shapes: L layers, B batch, T tokens, M memory tokens, d hidden width, A [L,B,K,d], z [L,B,K].
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from associative import AssociativeMemory


@dataclass(frozen=True)
class GPT2Config:
    """Sizes, named as in GPT-2's and the reference's own configuration."""

    vocab_size: int
    n_embd: int
    n_layer: int
    n_head: int
    n_positions: int
    num_mem_tokens: int
    d_mem: int
    nu: int = 3
    correction: bool = True


class Conv1D(nn.Module):
    """GPT-2's linear layer: the weight is stored as [inputs, outputs]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class Attention(nn.Module):
    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(d, 3 * d)
        self.c_proj = Conv1D(d, d)

    def forward(self, x: Tensor) -> Tensor:
        """Causal self-attention, x [B,T,d]."""
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.c_attn(x).chunk(3, -1))
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5  # [B,H,T,T]
        at = torch.arange(x.shape[1], device=x.device)
        scores = scores.masked_fill(at[None, :] > at[:, None], torch.finfo(x.dtype).min)
        return self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.c_fc = Conv1D(d, 4 * d)
        self.c_proj = Conv1D(4 * d, d)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    """GPT-2's pre-norm layer."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(d, eps=1e-5)
        self.attn = Attention(d, heads)
        self.ln_2 = nn.LayerNorm(d, eps=1e-5)
        self.mlp = MLP(d)

    def forward(self, h: Tensor) -> Tensor:
        h = h + self.attn(self.ln_1(h))
        return h + self.mlp(self.ln_2(h))


class AssociativeBlock(AssociativeMemory):
    """A GPT-2 layer inside its memory, as the reference nests them (`W_mq` … beside `layer`)."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config.n_embd, config.d_mem, config.nu, correction=config.correction)
        self.layer = Block(config.n_embd, config.n_head)


class ReferenceARMT(nn.Module):
    """Segment tokens, then memory tokens; positions run on through them."""

    output_names = ("logits", "A_out", "z_out")

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.config = config
        d = config.n_embd
        blocks = nn.ModuleList(AssociativeBlock(config) for _ in range(config.n_layer))
        self.memory = nn.Parameter(torch.randn(config.num_mem_tokens, d) * 0.02)
        self.model = nn.ModuleDict(
            {
                "transformer": nn.ModuleDict(
                    {
                        "wte": nn.Embedding(config.vocab_size, d),
                        "wpe": nn.Embedding(config.n_positions, d),
                        "h": blocks,
                        "ln_f": nn.LayerNorm(d, eps=1e-5),
                    }
                ),
                "lm_head": nn.Linear(d, config.vocab_size, bias=False),
            }
        )
        self.layers = blocks  # the reference's state dict names each layer twice

    def empty_state(self, batch: int) -> tuple[Tensor, Tensor]:
        """The state before the first segment: A [L,B,K,d], z [L,B,K]."""
        pairs = [block.empty(batch) for block in self.layers]
        return torch.stack([A for A, _ in pairs]), torch.stack([z for _, z in pairs])

    def step(self, input_ids: Tensor, A: Tensor, z: Tensor, write: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """input_ids [B,T] -> logits [B,T,vocabulary], A', z'. Without `write` there are no memory tokens at all."""
        transformer = self.model["transformer"]
        B, T = input_ids.shape
        h = transformer["wte"](input_ids)
        if write:
            h = torch.cat([h, self.memory.expand(B, -1, -1)], 1)  # [B,T+M,d]
        h = h + transformer["wpe"].weight[: h.shape[1]]
        new_A, new_z = [], []
        for block, layer_A, layer_z in zip(self.layers, A.unbind(0), z.unbind(0), strict=True):
            h = block.layer(h + block.read(h, layer_A, layer_z))  # an empty memory adds exactly 0
            if write:
                layer_A, layer_z = block.write(h[:, T:], layer_A, layer_z)
            new_A.append(layer_A)
            new_z.append(layer_z)
        logits = self.model["lm_head"](transformer["ln_f"](h[:, :T]))
        return logits, torch.stack(new_A), torch.stack(new_z)

    def forward(self, input_ids: Tensor, A: Tensor, z: Tensor, gate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The step as one graph: gate [B], 1 writes, 0 only reads.

        Attention is causal and memory tokens come last, so the logits are those of a pass without
        them; a closed gate has only to keep the old state.
        """
        logits, new_A, new_z = self.step(input_ids, A, z)
        g = gate.to(A.dtype)[None, :, None, None]  # [1,B,1,1]
        return logits, torch.where(g > 0, new_A, A), torch.where(g[..., 0] > 0, new_z, z)
