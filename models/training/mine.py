"""Hard negatives as the product meets them: what recall puts first, by gist, keys and words together.

python mine.py --data DIR --init checkpoint.pt [--first 0 --every 1]   writes DIR/hard/<repo>.json
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch
from torch import Tensor

from armt import ARMT, Config, phi, signs
from batches import MAX_ANCHORS, index_row, question_row
from data import MAX_QUESTION, Question, Repo, load_repos
from evaluate import encode_all
from tokenizer import Tokenizer

KEPT = 40
POOL = 900  # segments of a repository that are looked through: neighbours by words, and some at random
OFFSET = 20  # reciprocal ranks: 1 / (OFFSET + rank)


@torch.inference_mode()
def mine(model: ARMT, repo: Repo, tokenizer: Tokenizer) -> dict[str, list[int]]:
    """For each question the segments that any of its wordings finds, best first, evidence left out."""
    pool = pool_of(repo)
    rows = [index_row(repo.segments[s], tokenizer.marks) for s in pool]
    keys, beta, gist = encode_all(model, rows, MAX_ANCHORS)
    features = phi(signs(keys)).flatten(0, 1)
    return {q.id: alike(model, q, pool, features, beta, gist) for q in repo.questions}


def pool_of(repo: Repo) -> list[int]:
    near = list(dict.fromkeys(s for rank in range(KEPT) for q in repo.questions for s in q.hard[rank : rank + 1]))[
        :POOL
    ]
    rest = sorted(set(range(len(repo.segments))) - set(near))
    return near + random.Random(0).sample(rest, min(POOL - len(near), len(rest)))


def alike(model: ARMT, q: Question, pool: list[int], features: Tensor, beta: Tensor, gist: Tensor) -> list[int]:
    """features [S*M,K], beta [S,M], gist [S,d] of the pool's segments."""
    at = {segment: row for row, segment in enumerate(pool)}
    score = torch.zeros(len(gist))
    for rank, segment in enumerate(q.hard):  # neighbours by BM25
        if segment in at:
            score[at[segment]] = 1 / (OFFSET + rank)
    wordings = [ids[:MAX_QUESTION] for ids in q.wordings]
    asked, weight, asked_gist = encode_all(model, [question_row(ids) for ids in wordings], max(map(len, wordings)))
    best = torch.zeros(len(gist))
    for row, ids in enumerate(wordings):
        each = (phi(asked[row, : len(ids)]) @ features.T).view(len(ids), *beta.shape) * beta
        share = weight[row, : len(ids)] / weight[row].sum().clamp(min=1e-6)
        best = torch.maximum(best, reciprocal(each.amax(-1).T @ share) + reciprocal(gist @ asked_gist[row]))
    score += best
    related = {s for group in q.evidence for s in group} | {s for s, _, _ in q.spans}
    order = [pool[row] for row in score.argsort(descending=True).tolist()]
    return [s for s in order if s not in related][:KEPT]


def reciprocal(scores: Tensor) -> Tensor:
    ranks = torch.empty_like(scores)
    ranks[scores.argsort(descending=True)] = torch.arange(len(scores), dtype=scores.dtype)
    return 1 / (OFFSET + ranks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    start = torch.load(args.init)
    model = ARMT(Config.of(start["config"]))
    model.load_state_dict(start["model"])
    model.eval()
    tokenizer = Tokenizer(args.tokenizer)
    out = args.data / "hard"
    out.mkdir(exist_ok=True)
    for repo in load_repos(args.data, first=args.first, every=args.every):
        if not repo.questions:
            continue
        (out / f"{repo.name}.json").write_text(json.dumps(mine(model, repo, tokenizer)))
        print(f"{repo.name}: {len(repo.segments)} segments, {len(repo.questions)} questions", flush=True)


if __name__ == "__main__":
    main()
