"""Hard negatives as the product meets them: what the model itself holds most alike the question."""

from __future__ import annotations

import random
from collections.abc import Container

import torch

from armt import ARMT
from batches import MAX_ANCHORS, index_row, question_row
from data import MAX_QUESTION, Repo
from evaluate import encode_all

POOL = 800  # segments of a repository that are encoded: neighbours by words, and some at random
KEPT = 20


@torch.inference_mode()
def mine(model: ARMT, repos: list[Repo], marks: Container[int], seed: int) -> None:
    """Puts the segments whose gist is nearest to a question's before its other hard negatives."""
    rng = random.Random(seed)
    for repo in repos:
        if not repo.questions:
            continue
        near = sorted({s for q in repo.questions for s in q.hard[:40]})
        rest = list(range(len(repo.segments)))
        pool = rng.sample(near, min(POOL, len(near)))
        pool = sorted({*pool, *rng.sample(rest, min(POOL - len(pool), len(rest)))})
        _, _, gist = encode_all(model, [index_row(repo.segments[s], marks) for s in pool], MAX_ANCHORS, 48)
        rows = [question_row(ids[:MAX_QUESTION]) for q in repo.questions for ids in q.wordings]
        _, _, asked = encode_all(model, rows, max(len(r.anchors) for r in rows), 48)
        at = 0
        for q in repo.questions:
            alike = (asked[at : at + len(q.wordings)] @ gist.T).amax(0)
            at += len(q.wordings)
            mined = [pool[i] for i in alike.topk(min(KEPT, len(pool))).indices.tolist()]
            kept = [s for s in q.hard[: 2 * KEPT] if s not in set(mined)]
            q.hard = [s for pair in zip(mined, kept, strict=False) for s in pair]
