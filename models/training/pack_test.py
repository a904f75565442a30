"""Packed training data comes back as it was, without what training does not read. Run with pytest."""

import json
from pathlib import Path

import pack


def test_shards_hold_what_training_reads(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pack, "SHARD_BYTES", 5)
    data = tmp_path / "data"
    (data / "hard").mkdir(parents=True)
    for name in ("a", "b"):
        segments = [
            {"p": 0, "s": 0, "h": 0, "c": [7, 30521], "a": [1], "l": [1, 2], "k": "d", "v": []},
            {"p": 0, "s": 0, "h": 0, "c": [9], "a": [], "l": [3, 3], "k": "", "v": [], "d": [[0, 0, -1, 5]]},
        ]
        (data / f"{name}.json").write_text(json.dumps({"repo": name, "segments": segments, "questions": []}))
    (data / "hard/b.json").write_text('{"q": [0]}')
    (data / "index.json").write_text("{}")
    pack.pack(data, tmp_path / "packed")
    assert len(list((tmp_path / "packed").glob("*.tokens.xz"))) == 2
    first, second = pack.unpack(tmp_path / "packed")
    assert first["segments"] == [
        {"p": 0, "s": 0, "h": 0, "c": [7, 30521], "a": [1]},
        {"p": 0, "s": 0, "h": 0, "c": [9], "a": [], "d": [[0, 0, -1, 5]]},
    ]
    assert (second["repo"], second["hard"]) == ("b", {"q": [0]})
