"""Quick figures on held-out repositories: recall by gist and by keys over all segments, reading of 12 candidates."""

from __future__ import annotations

from collections.abc import Container

import torch
from torch import Tensor

from armt import ARMT, phi
from batches import MAX_ANCHORS, Row, assemble_read, index_row, question_row, stack
from data import MAX_QUESTION, Repo, Sample, kind_of


@torch.inference_mode()
def encode_all(model: ARMT, rows: list[Row], width: int, size: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """keys [N,width,d_mem], beta [N,width], gist [N,d], in the order given; batched by length."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].tokens))
    keys = torch.zeros(len(rows), width, model.config.d_mem)
    beta, gist = torch.zeros(len(rows), width), torch.zeros(len(rows), model.config.d)
    for at in range(0, len(order), size):
        ids = order[at : at + size]
        with torch.autocast("cpu", torch.bfloat16):
            written = model.write(*stack([rows[i] for i in ids], width))
        keys[ids], beta[ids], gist[ids] = (value.float() for value in written)
    return keys, beta, gist


def rank_of(scores: Tensor, evidence: list[list[int]]) -> int:
    """Rank from 1 of the best evidence segment."""
    best = max(scores[s].item() for group in evidence for s in group)
    return int((scores > best).sum().item()) + 1


@torch.inference_mode()
def evaluate(model: ARMT, repos: list[Repo], marks: Container[int], wordings: int = 2) -> dict[str, float]:
    """hit@k of gist and keys; of reading: hit@1 among 12 candidates, span exact, with the memory open and shut."""
    ranks: dict[str, list[int]] = {"gist": [], "keys": [], "both": []}
    samples: list[Sample] = []
    orders: list[list[int]] = []
    for repo in repos:
        keys, beta, gist = encode_all(model, [index_row(s, marks) for s in repo.segments], MAX_ANCHORS)
        features = phi(keys).flatten(0, 1)
        for q in repo.questions:
            for ids in q.wordings[:wordings]:
                ids = ids[:MAX_QUESTION]
                if not any(q.evidence):
                    continue
                q_keys, q_beta, q_gist = encode_all(model, [question_row(ids)], len(ids))
                each = (phi(q_keys[0]) @ features.T).view(len(ids), len(repo.segments), MAX_ANCHORS) * beta
                by_keys = (each.amax(-1) * (q_beta[0] / q_beta[0].sum())[:, None]).sum(0)
                by_gist = gist @ q_gist[0]
                ranks["gist"].append(rank_of(by_gist, q.evidence))
                ranks["keys"].append(rank_of(by_keys, q.evidence))
                ranks["both"].append(rank_of(by_keys / by_keys.std() + by_gist / by_gist.std(), q.evidence))
                chain = list(dict.fromkeys(group[0] for group in q.evidence if group))[:4]
                related = {s for group in q.evidence for s in group}
                hard = [s for s in q.hard if s not in related][: 12 - len(chain)]
                if len(chain) + len(hard) == 12:
                    mixed = hard[:2] + chain + hard[2:]
                    samples.append(Sample(repo, ids, kind_of(q), chain, related, q.spans, [], {}))
                    orders.append(mixed)
    figures = {}
    for name, values in ranks.items():
        for k in (1, 5, 20):
            figures[f"{name}@{k}"] = round(sum(r <= k for r in values) / max(1, len(values)), 3)
    for name, gate in (("read", 1.0), ("read_alone", 0.0)):
        figures.update({f"{name}_{k}": v for k, v in read_figures(model, samples, orders, gate).items()})
    return figures


def read_figures(model: ARMT, samples: list[Sample], orders: list[list[int]], gate: float) -> dict[str, float]:
    hits = exact = spans = chained = chained_hits = kinds = 0
    for at in range(0, len(samples), 16):
        batch = assemble_read(samples[at : at + 16], orders[at : at + 16], model.config.memory_tokens)
        A, z = model.empty_state(batch.kind.shape[0])
        scores, answers, guesses = [], [], []
        for step in batch.steps:
            with torch.autocast("cpu", torch.bfloat16):
                out = model(step.tokens, step.kinds, step.anchors, A, z, torch.full((batch.kind.shape[0],), gate))
            A, z = out[0].float(), out[1].float()
            scores.append(out[7].float())
            guesses.append(out[8].float())
            start, end = out[5].float().argmax(1), out[6].float().argmax(1)
            rows = torch.arange(len(start))
            answers.append(step.start[rows, start] * step.end[rows, end] * (step.start[:, 0] == 0))
        score = torch.stack(scores, 1)
        top = score.argmax(1)
        label = torch.stack([s.relevant for s in batch.steps], 1)
        has_span = torch.stack([s.start[:, 0] == 0 for s in batch.steps], 1)
        for row in range(len(top)):
            hits += label[row, top[row]].item()
            guess = guesses[int(top[row])][row].argmax()
            kinds += (guess == batch.kind[row]).item()
            if has_span[row].any():
                spans += 1
                exact += torch.stack(answers, 1)[row, has_span[row]].max().item()
            if batch.chained[row]:
                chained += 1
                best = score[row].topk(int(label[row].sum().item())).indices
                chained_hits += label[row, best].mean().item()
    n = max(1, len(samples))
    return {
        "hit@1": round(hits / n, 3),
        "kind": round(kinds / n, 3),
        "exact": round(exact / max(1, spans), 3),
        "chain": round(chained_hits / max(1, chained), 3),
    }
