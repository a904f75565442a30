"""Weights come back from their parts. Run with pytest."""

from pathlib import Path

import torch

import parts


def test_parts_hold_the_weights_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1000)
    checkpoint, moved, back = tmp_path / "checkpoint.pt", tmp_path / "moved", tmp_path / "back/checkpoint.pt"
    weights = {"a": torch.randn(40, 40).half().float(), "b": torch.ones(3)}
    torch.save({"model": weights, "optimizer": {"state": torch.zeros(9999)}, "tokens": 7, "runs": []}, checkpoint)
    parts.split(checkpoint, moved)
    files = sorted(moved.iterdir())
    assert 3 < len(files) < 10
    assert all(file.stat().st_size <= 1000 for file in files)
    parts.join(moved, back)
    saved = torch.load(back)
    assert (saved["tokens"], set(saved)) == (7, {"model", "tokens", "runs"})
    assert all(torch.equal(saved["model"][name], weight) for name, weight in weights.items())
