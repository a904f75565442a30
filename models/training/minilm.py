"""The backbone: BERT with post-layer-norm in the sizes of all-MiniLM-L6-v2 (arXiv 1810.04805, 2002.10957).

Plain modules, no transformers dependency. Shapes: B batch, T tokens, d hidden width, H heads.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn


class Layer(nn.Module):
    """One transformer layer; layer-norm comes after each residual sum."""

    def __init__(self, d: int, heads: int, d_ff: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = 0.0  # share of a branch's numbers left out while training
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)
        self.ln_attention = nn.LayerNorm(d, eps=eps)
        self.up = nn.Linear(d, d_ff)
        self.down = nn.Linear(d_ff, d)
        self.ln_out = nn.LayerNorm(d, eps=eps)

    def attend(self, h: Tensor, mask_bias: Tensor | None) -> Tensor:
        """h [B,T,d]; mask_bias, added to the scores, broadcasts to [B,H,T,T]."""
        q, k, v = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in self.qkv(h).chunk(3, -1))  # [B,H,T,d/H]
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # spelt out: faster to train on a CPU, plain in ONNX
        a = (scores if mask_bias is None else scores + mask_bias.to(scores.dtype)).softmax(-1) @ v
        return self.out(a.transpose(1, 2).flatten(2))

    def forward(self, h: Tensor, mask_bias: Tensor | None = None) -> Tensor:
        h = self.ln_attention(h + F.dropout(self.attend(h, mask_bias), self.dropout, self.training))
        return self.ln_out(h + F.dropout(self.down(F.gelu(self.up(h))), self.dropout, self.training))


class Encoder(nn.Module):
    """Embeddings and layers; the caller runs the layers one by one, with memories in between."""

    def __init__(
        self,
        vocabulary: int = 30522,
        d: int = 384,
        layers: int = 6,
        heads: int = 12,
        d_ff: int = 1536,
        positions: int = 512,
        kinds: int = 3,
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.word = nn.Embedding(vocabulary, d)
        self.position = nn.Embedding(positions, d)
        self.kind = nn.Embedding(kinds, d)
        self.ln = nn.LayerNorm(d, eps=eps)
        self.layers = nn.ModuleList(Layer(d, heads, d_ff, eps) for _ in range(layers))

    def embed(self, tokens: Tensor, kinds: Tensor) -> Tensor:
        """tokens, kinds [B,T] -> h [B,T,d]; T is at most `positions`."""
        return self.ln(self.word(tokens) + self.position.weight[: tokens.shape[1]] + self.kind(kinds))

    def forward(self, tokens: Tensor, kinds: Tensor, mask_bias: Tensor | None = None) -> Tensor:
        """The plain encoder, without memories: [B,T] -> [B,T,d]."""
        h = self.embed(tokens, kinds)
        for layer in self.layers:
            h = layer(h, mask_bias)
        return h


def load_minilm(encoder: Encoder, path: Path | str) -> Encoder:
    """Gives the encoder the words and the first layers of a BertModel checkpoint (`model.safetensors`).

    MiniLM was trained with token type 0 only, so each kind starts from that row: the untrained encoder
    computes exactly what the pretrained one does, whatever the kinds.
    """
    kinds = encoder.kind.num_embeddings
    file = Path(path)
    source = load_file(file / "model.safetensors" if file.is_dir() else file)
    weights = {
        "word.weight": source["embeddings.word_embeddings.weight"],
        "position.weight": source["embeddings.position_embeddings.weight"],
        "kind.weight": source["embeddings.token_type_embeddings.weight"][:1].repeat(kinds, 1),
    }
    for part in ("weight", "bias"):
        weights[f"ln.{part}"] = source[f"embeddings.LayerNorm.{part}"]
        for i in range(len(encoder.layers)):
            old, new = f"encoder.layer.{i}", f"layers.{i}"
            qkv = [source[f"{old}.attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            weights[f"{new}.qkv.{part}"] = torch.cat(qkv)
            weights[f"{new}.out.{part}"] = source[f"{old}.attention.output.dense.{part}"]
            weights[f"{new}.ln_attention.{part}"] = source[f"{old}.attention.output.LayerNorm.{part}"]
            weights[f"{new}.up.{part}"] = source[f"{old}.intermediate.dense.{part}"]
            weights[f"{new}.down.{part}"] = source[f"{old}.output.dense.{part}"]
            weights[f"{new}.ln_out.{part}"] = source[f"{old}.output.LayerNorm.{part}"]
    encoder.load_state_dict(weights)  # strict: a missing or unknown tensor is an error
    return encoder
