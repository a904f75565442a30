"""A smaller WordPiece vocabulary: the special tokens, every piece that a corpus uses often enough, single characters.

Longest match still covers every word, by shorter pieces. Ids 0..103 stay what they are.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

KEPT = 104  # [PAD], the unused pieces that serve as memory tokens, [UNK], [CLS], [SEP], [MASK]


def prune(source: Path, out: Path, used: Counter[int], always: set[int], size: int) -> list[int]:
    """Writes the pruned tokenizer.json; returns the old id of each new one, to choose the embeddings' rows by."""
    tokenizer = json.loads(source.read_text())
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    single = {i for piece, i in vocabulary.items() if len(piece.removeprefix("##")) == 1 and piece.isascii()}
    chosen = set(range(KEPT)) | always | single
    for token, _ in used.most_common():
        if len(chosen) >= size:
            break
        chosen.add(token)
    old = sorted(chosen)
    new = {before: after for after, before in enumerate(old)}
    tokenizer["model"]["vocab"] = {piece: new[i] for piece, i in vocabulary.items() if i in new}
    out.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")))
    return old
