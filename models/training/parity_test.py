"""The associative layer and the reference wiring against vectors of the reference implementation.

Run with pytest, or as a script for a table of the errors.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from associative import AssociativeMemory
from reference import GPT2Config, ReferenceARMT

VECTORS = Path(__file__).parents[2] / "test/unit/model/reference-vectors"
LIMITS = {torch.float32: 1e-4, torch.float64: 1e-5}


def relative_error(got: Tensor, expected: Tensor) -> float:
    """Largest deviation, relative to the largest magnitude expected."""
    return ((got.double() - expected.double()).abs().max() / expected.double().abs().max()).item()


def load_reference(file: Path = VECTORS / "gpt2-armt.safetensors") -> tuple[ReferenceARMT, dict[str, Tensor]]:
    """The reference's tiny GPT-2 ARMT, and the tensors recorded with it."""
    with safe_open(file, "pt") as opened:
        sizes = json.loads(opened.metadata()["config"])
    tensors = load_file(file)
    model = ReferenceARMT(GPT2Config(**{k: v for k, v in sizes.items() if k not in ("segments", "layout")}))
    recorded = {k: v for k, v in tensors.items() if k.startswith(("seg", "query"))}
    model.load_state_dict({k: v for k, v in tensors.items() if k not in recorded})
    return model.eval(), recorded


@torch.no_grad()
def layer_error(name: str, dtype: torch.dtype, told_first: bool) -> float:
    """Worst error of one layer over all segments; `told_first` says which is first instead of leaving it to z."""
    with safe_open(VECTORS / name, "pt") as opened:
        meta = opened.metadata()
    tensors = {k: v.to(dtype) for k, v in load_file(VECTORS / name).items()}
    layer = AssociativeMemory(
        int(meta["d_model"]), int(meta["d_mem"]), int(meta["nu"]), correction=meta["correction"] == "True"
    ).to(dtype)
    weights = {k if "W_mb" in k else f"{k}.weight": v for k, v in tensors.items() if k.startswith("W_")}
    layer.load_state_dict(weights)
    batch = tensors["seg0.A"].shape[0]
    A, z = layer.empty(batch)
    assert layer.read(tensors["seg0.hidden"], A, z).abs().max() == 0, "an empty memory reads as 0"
    errors = []
    for i in range(int(meta["segments"])):
        if i > 0:
            errors.append(relative_error(layer.read(tensors[f"seg{i}.hidden"], A, z), tensors[f"seg{i}.associated"]))
        A, z = layer.write(tensors[f"seg{i}.memory_tokens"], A, z, first=i == 0 if told_first else None)
        errors += [relative_error(A, tensors[f"seg{i}.A"]), relative_error(z, tensors[f"seg{i}.z"])]
    return max(errors)


@torch.no_grad()
def model_error(dtype: torch.dtype) -> float:
    """Worst error of logits and states over five segments and the read-only query."""
    model, recorded = load_reference()
    model = model.to(dtype)
    A, z = model.empty_state(recorded["query.input_ids"].shape[0])
    errors = []
    for i in range(5):
        logits, A, z = model.step(recorded[f"seg{i}.input_ids"], A, z)
        errors.append(relative_error(logits, recorded[f"seg{i}.logits"]))
        for layer in range(len(A)):
            errors.append(relative_error(A[layer], recorded[f"seg{i}.layer{layer}.A"]))
            errors.append(relative_error(z[layer], recorded[f"seg{i}.layer{layer}.z"]))
    query, expected = recorded["query.input_ids"], recorded["query.logits"]
    errors.append(relative_error(model.step(query, A, z, write=False)[0], expected))
    gated, kept_A, kept_z = model(query, A, z, torch.zeros(len(query)))
    assert torch.equal(kept_A, A) and torch.equal(kept_z, z), "a closed gate keeps the state"
    return max(*errors, relative_error(gated, expected))


def test_layer() -> None:
    for dtype, limit in LIMITS.items():
        for name in ("layer-correction.safetensors", "layer-no-correction.safetensors"):
            for told_first in (True, False):
                assert layer_error(name, dtype, told_first) < limit


def test_model() -> None:
    for dtype, limit in LIMITS.items():
        assert model_error(dtype) < limit


def test_low_rank_and_unit_options() -> None:
    torch.manual_seed(0)
    layer = AssociativeMemory(32, 8, d_value=16, norm="unit", layer_norm=True, tied=True)
    A, z = layer.empty(1)
    m = torch.randn(3, 5, 32)
    mask = torch.tensor([[1, 1, 1, 0, 0]] * 3)
    A1, z1 = layer.write(m, A, z, mask=mask)
    only, _ = layer.write(m[:, :3], A, z)
    assert A1.shape == (3, layer.d_key, 16) and torch.equal(z1, z)
    assert torch.allclose(A1, only, atol=1e-6), "a masked token writes nothing"
    assert layer.read(m, A1[:1], z).shape == (3, 5, 32), "one memory, many readers"


if __name__ == "__main__":
    for dtype in LIMITS:
        for name in ("layer-correction.safetensors", "layer-no-correction.safetensors"):
            print(f"{name:32} {dtype!s:14} {layer_error(name, dtype, False):.1e}")
        print(f"{'gpt2-armt.safetensors':32} {dtype!s:14} {model_error(dtype):.1e}")
    test_layer()
    test_model()
    test_low_rank_and_unit_options()
