"""Training samples from exported repositories: natural questions, and questions made from facts that a parser found.

`export-data.ts` writes one folder per split (format in its header). Everything here is seeded and drawn on the spot.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from templates import chain_wording, fact_wording, place_wording
from tokenizer import Tokenizer

MASK = 103
MAX_QUESTION = 48


@dataclass
class Segment:
    path: str
    symbol: str
    header: list[int]
    code: list[int]
    anchors: list[int]  # token positions within code


@dataclass
class Fact:
    """A name that the code gives a value: `value` is an inclusive token range in the segment's code."""

    segment: int
    anchor: int
    name: str
    symbol: str
    kind: str
    value: tuple[int, int]


@dataclass
class Question:
    """One question with all its wordings; `spans` are (segment, first token, last token), inclusive."""

    id: str
    type: str
    wordings: list[list[int]]
    answers: list[str]
    evidence: list[list[int]]
    anchors: dict[int, list[int]]  # segment -> indices of anchors at the evidence lines
    spans: list[tuple[int, int, int]]
    hard: list[int]


@dataclass
class Repo:
    name: str
    segments: list[Segment]
    questions: list[Question] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @cached_property
    def by_token(self) -> dict[int, list[int]]:
        """Token -> segments that hold it."""
        index: dict[int, list[int]] = defaultdict(list)
        for i, segment in enumerate(self.segments):
            for token in set(segment.code):
                index[token].append(i)
        return index

    @cached_property
    def by_path(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = defaultdict(list)
        for i, segment in enumerate(self.segments):
            index[segment.path].append(i)
        return index

    def holders(self, tokens: list[int], limit: int = 400) -> list[int]:
        """Segments whose code holds the token sequence."""
        rarest = min(tokens, key=lambda t: len(self.by_token.get(t, ())))
        n = len(tokens)
        out = []
        for i in self.by_token.get(rarest, [])[:limit]:
            code = self.segments[i].code
            if any(code[j : j + n] == tokens for j in range(len(code) - n + 1)):
                out.append(i)
        return out


FACT_KINDS = {"d": "definition", "a": "assignment", "l": "literal", "c": "call", "s": "statement"}


def load_repos(folder: Path) -> list[Repo]:
    """Every `<repo>.json` that `export-data.ts` wrote into the folder."""
    return [read_repo(json.loads(f.read_text())) for f in sorted(folder.glob("*.json")) if f.name != "index.json"]


def read_repo(raw: dict) -> Repo:
    paths, symbols, headers = raw["paths"], raw["symbols"], raw["headers"]
    segments = [Segment(paths[s["p"]], symbols[s["s"]], headers[s["h"]], s["c"], s["a"]) for s in raw["segments"]]
    questions: dict[str, Question] = {}
    for q in raw["questions"]:  # one entry a wording
        if not any(q["evidence"]) and q["type"] != "negative":
            continue
        known = questions.get(q["id"])
        if known is not None:
            known.wordings.append(q["q"])
            known.hard += [s for s in q["hard"] if s not in known.hard]
            continue
        anchors: dict[int, list[int]] = {}
        for group, at in zip(q["evidence"], q["anchors"], strict=True):
            for segment, indices in zip(group, at, strict=True):
                anchors.setdefault(segment, []).extend(indices)
        spans = [(s, a, b) for s, a, b in q["spans"]]
        questions[q["id"]] = Question(
            q["id"], q["type"], [q["q"]], q["answers"], q["evidence"], anchors, spans, list(q["hard"])
        )
    facts = []
    for segment, anchor, kind, name, _, first, last in raw["facts"]:
        at = segments[segment].anchors[anchor]
        value = (first, last) if first >= 0 else (at, at)
        if first >= 0 or kind == "d":
            facts.append(Fact(segment, anchor, name, "", FACT_KINDS[kind] if first >= 0 else "place", value))
    return Repo(raw["repo"], segments, list(questions.values()), facts)


@dataclass
class Sample:
    """A question and the segments that answer it. `chain`: evidence in the order in which one must look."""

    repo: Repo
    question: list[int]
    kind: str
    chain: list[int]
    related: set[int]  # every segment that must not serve as a negative
    spans: list[tuple[int, int, int]]
    hard: list[int]
    anchors: dict[int, list[int]]


class Sampler:
    """Draws samples; `synthetic` is the share made from facts."""

    def __init__(self, repos: list[Repo], tokenizer: Tokenizer, seed: int, synthetic: float) -> None:
        self.rng = random.Random(seed)
        self.tokenizer = tokenizer
        self.synthetic = synthetic
        self.repos = [r for r in repos if len(r.segments) >= 16]
        self.weights = [len(r.questions) + 1 for r in self.repos]

    def repo(self) -> Repo:
        return self.rng.choices(self.repos, self.weights)[0]

    def draw(self, repo: Repo, negatives: bool) -> Sample:
        """A sample of the repository; without `negatives` it has evidence."""
        for _ in range(50):
            if repo.facts and self.rng.random() < self.synthetic:
                sample = self.from_fact(repo, negatives)
            else:
                sample = self.from_question(repo, negatives)
            if sample is not None:
                return sample
        raise ValueError(f"{repo.name}: no sample can be drawn")

    def from_question(self, repo: Repo, negatives: bool) -> Sample | None:
        q = self.rng.choice(repo.questions)
        chain = []
        for group in q.evidence:
            if group and group[0] not in chain:
                chain.append(group[0])
        if not chain and not (negatives and q.type == "negative"):
            return None
        related = {s for group in q.evidence for s in group} | {s for s, _, _ in q.spans}
        return Sample(
            repo, self.words(self.rng.choice(q.wordings)), kind_of(q), chain, related, q.spans, q.hard, q.anchors
        )

    def from_fact(self, repo: Repo, negatives: bool) -> Sample | None:
        fact = self.rng.choice(repo.facts)
        if fact.kind == "place" and self.rng.random() < 0.7:  # definitions are many, values are what is asked for
            return None
        symbol = repo.segments[fact.segment].symbol
        name = self.tokenizer.ids(fact.name)
        if not name or len(fact.name) < 3:
            return None
        holders = repo.holders(name)
        hard = self.similar(repo, name)
        users = [s for s in holders if s != fact.segment and repo.segments[s].symbol not in ("", symbol)]
        spans = [(fact.segment, *fact.value)]
        roll = self.rng.random()
        if roll < 0.3 and fact.kind != "place" and users and len(users) < 12 and len(fact.name) > 5:
            user = self.rng.choice(users)
            text = chain_wording(self.rng, fact.name, repo.segments[user].symbol)
            chain, kind = [user, fact.segment], "span"
        elif fact.kind == "place" or (roll < 0.4 and fact.kind == "definition"):
            text, chain, kind, spans = place_wording(self.rng, fact.name, symbol), [fact.segment], "place", []
        else:
            text = fact_wording(self.rng, fact.name, fact.symbol or symbol, repo.segments[fact.segment].path)
            chain, kind = [fact.segment], "span"
        related = set(holders) | {fact.segment}
        if negatives and self.rng.random() < 0.12:
            chain, kind, spans = [], "none", []
        return Sample(
            repo, self.words(self.tokenizer.ids(text)), kind, chain, related, spans, hard,
            {fact.segment: [fact.anchor]},
        )  # fmt: skip

    def similar(self, repo: Repo, tokens: list[int]) -> list[int]:
        """Segments that share the rarer tokens of a name: hard negatives."""
        pool: list[int] = []
        for token in sorted(set(tokens), key=lambda t: len(repo.by_token.get(t, ())))[:2]:
            held = repo.by_token.get(token, [])
            pool += self.rng.sample(held, min(12, len(held)))
        return pool

    def words(self, ids: list[int]) -> list[int]:
        """Cuts the question and hides some of its words, so that no single one is relied on."""
        ids = list(ids[:MAX_QUESTION])
        if self.rng.random() < 0.3 and len(ids) > 4:
            ids = [MASK if self.rng.random() < 0.12 else t for t in ids]
        return ids

    def negatives_of(self, sample: Sample, count: int) -> list[int]:
        pool = [s for s in dict.fromkeys(sample.hard) if s not in sample.related]
        out: list[int] = []
        while len(out) < count:
            if pool and self.rng.random() < 0.8:
                out.append(pool.pop(int(len(pool) * self.rng.random() ** 2.5)))
            else:
                s = self.rng.randrange(len(sample.repo.segments))
                if s not in sample.related and s not in out:
                    out.append(s)
        return out


def kind_of(q: Question) -> str:
    if q.type == "negative":
        return "none"
    if q.type == "location":
        return "place"
    if q.type == "list":
        return "list"
    first = q.answers[0].strip().lower() if q.answers else ""
    if q.type == "choice" and first in ("yes", "no"):
        return first
    return "span"
