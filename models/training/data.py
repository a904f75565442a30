"""Exported repositories: segments, natural questions, facts that a parser found, comments beside their code.

`export-data.ts` writes one folder per split (format in its header); `sampler.py` draws samples from it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from facts import Fact, Link, sift
from relations import Relation, sift_relations
from tokenizer import Tokenizer

MAX_QUESTION = 48
QUESTION_WEIGHTS = {"twohop": 3.0, "choice": 2.0}  # how often a type is asked for; what is learned last, more often


@dataclass
class Segment:
    path: str
    symbol: str
    header: list[int]
    code: list[int]
    anchors: list[int]  # token positions within code


@dataclass
class Doc:
    """A comment on code of the same segment: inclusive token range, the anchor it is about (or -1), what it says."""

    segment: int
    first: int
    last: int
    anchor: int
    question: list[int]


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
    links: list[Link] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    docs: list[Doc] = field(default_factory=list)
    named: dict[str, set[int]] = field(default_factory=dict)  # name -> segments that define it or give it a value

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

    @cached_property
    def fact_weights(self) -> list[float]:
        """Running sums, for `random.choices`."""
        return list(accumulate(fact.weight for fact in self.facts))

    @cached_property
    def question_weights(self) -> list[float]:
        """Running sums, for `random.choices`."""
        return list(accumulate(QUESTION_WEIGHTS.get(q.type, 1.0) for q in self.questions))

    @cached_property
    def same_docs(self) -> dict[tuple[int, ...], list[int]]:
        """What a comment says -> the segments where it is said."""
        places: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for doc in self.docs:
            places[tuple(doc.question)].append(doc.segment)
        return places

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


def load_repos(folder: Path, tokenizer: Tokenizer | None = None, first: int = 0, every: int = 1) -> list[Repo]:
    """Every `<repo>.json` that `export-data.ts` wrote into the folder, or every so many from one on.

    Facts and comments only with a tokenizer. Hard negatives are those of `mine.py` where it wrote some.
    """
    files = [f for f in sorted(folder.glob("*.json")) if f.name != "index.json"][first::every]
    repos = [read_repo(json.loads(f.read_text()), tokenizer) for f in files]
    for file, repo in zip(files, repos, strict=True):
        mined = folder / "hard" / file.name
        if mined.exists():
            hard = json.loads(mined.read_text())
            for question in repo.questions:
                question.hard = hard[question.id]
    return repos


def read_repo(raw: dict, tokenizer: Tokenizer | None = None) -> Repo:
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
    repo = Repo(raw["repo"], segments, list(questions.values()))
    if tokenizer is not None:
        repo.facts, repo.links = sift(raw, tokenizer)
        repo.relations = sift_relations(raw)
        for segment, _, _, name, *_ in raw["facts"]:
            repo.named.setdefault(name, set()).add(segment)
        repo.docs = [Doc(i, d[0], d[1], d[2], d[3:]) for i, s in enumerate(raw["segments"]) for d in s.get("d", ())]
    return repo


def occurrences(tokens: list[int], words: list[int]) -> list[tuple[int, int]]:
    """Inclusive ranges."""
    n = len(words)
    return [(i, i + n - 1) for i in range(len(tokens) - n + 1) if tokens[i : i + n] == words]


def without_comment(segment: Segment, doc: Doc) -> tuple[Segment, list[int]]:
    """The segment as if the comment were not there, and the indices that the anchors it keeps had."""
    gone = range(doc.first, doc.last + 1)
    kept = [i for i, a in enumerate(segment.anchors) if a not in gone]
    anchors = [segment.anchors[i] - (len(gone) if segment.anchors[i] > doc.last else 0) for i in kept]
    return replace(segment, code=segment.code[: doc.first] + segment.code[doc.last + 1 :], anchors=anchors), kept


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
    shown: dict[int, Segment] = field(default_factory=dict)  # as they shall be seen: without or with a comment
    stream: list[int] = field(default_factory=list)  # segments to be met in this order, as what comes later holds

    def segment(self, index: int) -> Segment:
        return self.shown.get(index) or self.repo.segments[index]


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
