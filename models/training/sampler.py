"""Draws training samples: natural questions, questions made from facts, comments asked for their code or a name in it.

Everything is seeded and drawn on the spot.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from babi import Story
from cloze import ClozeFinder
from data import MAX_QUESTION, Repo, Sample, Segment, kind_of, without_comment
from facts import SHY, Fact
from relations import called_wording, relation_wording, unit_span, unit_wording
from scattered import told_in_code
from templates import fact_wording, place_wording, reference_wording, through_wording, truth_wording, used_wording
from tokenizer import Tokenizer
from words import VERBS, third_person, word_set

MASK = 103
STOP = word_set(
    "the a an is are was be of to for if and in this that these with when while from on by it its we as or so than but "
    "do does there here which where will can may must should has have been into , . ; : ( ) - ' \" `"
)
THIRD_PERSONS = frozenset(third_person(verb) for verb in VERBS)
BEFORE_VERB = ("where do we", "how do we", "code to", "where is it that we")
BEFORE_THIRD_PERSON = ("code that", "which function", "what", "the part of the code that")


@dataclass(frozen=True)
class Mix:
    """Shares of the samples that are made in a certain way."""

    synthetic: float = 0.3  # made from facts
    docs: float = 0.3  # of recall: comments asked for their code
    cloze: float = 0.0  # of reading: comments without one of their names
    removed: float = 0.0  # of natural questions in reading: shown without their evidence
    rename: float = 0.0  # of reading: some words exchanged for others throughout
    stories: float = 0.0  # of reading several candidates: bAbI stories told in code


FACTS_ALONE = 6  # of as many questions is a repository worth that has facts alone


class Sampler:
    """Draws samples of a mix."""

    def __init__(
        self, repos: list[Repo], tokenizer: Tokenizer, seed: int, mix: Mix, stories: Sequence[Story] = ()
    ) -> None:
        self.rng = random.Random(seed)
        self.tokenizer = tokenizer
        self.mix = mix
        self.stories = stories
        vocabulary = tokenizer.word_piece.get_vocab()
        self.pieces = frozenset(i for word, i in vocabulary.items() if word.startswith("##"))
        self.stop = frozenset(vocabulary[word] for word in STOP)
        self.period = vocabulary["."]
        self.marks = tokenizer.marks
        self.finder = ClozeFinder(tokenizer, self.stop)
        self.fillers = [[MASK], [MASK], tokenizer.ids("what"), tokenizer.ids("which")]
        self.number_fillers = [[MASK], tokenizer.ids("what"), tokenizer.ids("how many")]
        words = {i for word, i in vocabulary.items() if word.removeprefix("##").isascii() and word[-1:].isalpha()}
        self.other_pieces = sorted(words & self.pieces)
        self.other_words = sorted(i for i in words - self.pieces - self.stop if i > MASK)
        self.renamable = frozenset(self.other_pieces) | frozenset(self.other_words)
        self.repos = [r for r in repos if len(r.segments) >= 16 and len(r.questions) + len(r.facts) >= 16]
        self.weights = [max(len(r.questions), FACTS_ALONE) for r in self.repos]

    def repo(self) -> Repo:
        return self.rng.choices(self.repos, self.weights)[0]

    def draw(self, repo: Repo, negatives: bool) -> Sample:
        """A sample of the repository; without `negatives` it has evidence."""
        for _ in range(50):
            if negatives and repo.docs and self.rng.random() < self.mix.cloze:
                sample = self.from_cloze(repo)
            elif repo.facts and (not repo.questions or self.rng.random() < self.mix.synthetic):
                sample = self.from_fact(repo, negatives)
            else:
                sample = self.from_question(repo, negatives)
            if sample is not None:
                return sample
        raise ValueError(f"{repo.name}: no sample can be drawn")

    def draw_for_memory(self, repo: Repo, negatives: bool) -> Sample:
        """As `draw`, or what only the memory of several candidates can answer: a story told in the code."""
        if self.stories and self.rng.random() < self.mix.stories:
            told = told_in_code(self.rng, repo, self.rng.choice(self.stories), self.tokenizer, self.pieces)
            if told is not None:
                return told
        return self.draw(repo, negatives)

    def draw_recall(self, repo: Repo) -> Sample:
        """A sample with evidence; some are comments."""
        return (
            self.from_doc(repo) if repo.docs and self.rng.random() < self.mix.docs else self.draw(repo, negatives=False)
        )

    def from_question(self, repo: Repo, negatives: bool) -> Sample | None:
        q = self.rng.choices(repo.questions, cum_weights=repo.question_weights)[0]
        chain = []
        for group in q.evidence:
            if group and group[0] not in chain:
                chain.append(group[0])
        if not chain and not (negatives and q.type == "negative"):
            return None
        related = {s for group in q.evidence for s in group} | {s for s, _, _ in q.spans}
        if negatives and chain and self.rng.random() < self.mix.removed:
            return Sample(repo, self.words(self.rng.choice(q.wordings)), "none", [], related, [], q.hard, {})
        return Sample(
            repo, self.words(self.rng.choice(q.wordings)), kind_of(q), chain, related, q.spans, q.hard, q.anchors
        )

    def from_fact(self, repo: Repo, negatives: bool) -> Sample | None:
        """A question about a value (also by yes or no, or through code that uses it), or about a place."""
        if self.rng.random() < min(0.08, len(repo.links) / 100):  # few links are not asked for again and again
            return self.from_link(repo)
        if self.rng.random() < min(0.2, len(repo.relations) / 50):
            return self.from_relation(repo)
        fact = self.rng.choices(repo.facts, cum_weights=repo.fact_weights)[0]
        name = self.tokenizer.ids(fact.name)
        if not name or (fact.kind == "place" and self.rng.random() < 0.3):
            return None
        holders = repo.holders(name)
        if fact.alone and self.rng.random() < 0.2:
            return self.from_use(repo, fact, holders)
        chain = [fact.segment]
        spans = [(fact.segment, *span) for span in fact.spans]
        kind = {"place": "place", "list": "list"}.get(fact.kind, "span")
        roll = self.rng.random()
        user = (
            self.user_of(repo, fact, holders)
            if roll < 0.4 and kind == "span" and fact.kind != "code" and fact.alone
            else None
        )
        if user is not None:
            caller = self.caller_of(repo, user, fact) if self.rng.random() < 0.4 else None
            told = repo.segments[user if caller is None else caller].symbol
            text = (used_wording if caller is None else through_wording)(self.rng, fact, told)
            chain = [user, fact.segment] if caller is None else [caller, user, fact.segment]
        elif fact.kind == "place":
            text = place_wording(self.rng, fact)
        elif fact.kind == "switch" and self.rng.random() < 0.75:
            text, kind = truth_wording(self.rng, fact, None)
        elif roll > 0.9 and fact.kind in ("number", "text") and len(fact.value) < 24:
            other = self.other_value(repo, fact) if self.rng.random() < 0.5 else None
            text, kind = truth_wording(self.rng, fact, other)
        else:
            text = fact_wording(self.rng, fact)
        if negatives and self.rng.random() < 0.12:
            chain, kind, spans = [], "none", []
        return Sample(
            repo, self.words(self.tokenizer.ids(text)), kind, chain, {*holders, fact.segment}, spans,
            self.similar(repo, name), {fact.segment: [fact.anchor]},
        )  # fmt: skip

    def from_relation(self, repo: Repo) -> Sample:
        """An environment variable, an error's text, a base class or a route's handler, or where it stands."""
        relation = self.rng.choice(repo.relations)
        backward = relation.backward and (not relation.forward or self.rng.random() < 0.5)
        text = relation_wording(self.rng, relation, backward)
        tokens = self.tokenizer.ids(relation.object if backward else relation.subject)
        related = {relation.segment, *(repo.holders(tokens) if tokens else [])}
        spans = [] if backward else [(relation.segment, *relation.span)]
        return Sample(
            repo, self.words(self.tokenizer.ids(text)), "place" if backward else "span", [relation.segment], related,
            spans, self.similar(repo, tokens), {},
        )  # fmt: skip

    def from_use(self, repo: Repo, fact: Fact, holders: list[int]) -> Sample | None:
        """Who calls a function, what a setting has its effect on, or the unit that a number's name tells."""
        name = self.tokenizer.ids(fact.name)
        segment = repo.segments[fact.segment]
        at = segment.anchors[fact.anchor] if fact.anchor < len(segment.anchors) else 0
        unit = unit_span(self.tokenizer, fact, segment.code, at)
        users = self.users_of(repo, fact, holders)
        if unit is not None and self.rng.random() < 0.7:
            text, kind, chain, spans = unit_wording(self.rng, fact), "span", [fact.segment], [(fact.segment, *unit)]
        elif len(fact.name) > 5 and 0 < len(users) < 4 and fact.kind != "code":
            text, kind, chain, spans = called_wording(self.rng, fact), "place", users, []
        else:
            return None
        related = {*holders, fact.segment}
        return Sample(
            repo, self.words(self.tokenizer.ids(text)), kind, chain, related, spans, self.similar(repo, name), {}
        )  # fmt: skip

    def users_of(self, repo: Repo, fact: Fact, holders: list[int]) -> list[int]:
        """Segments inside other definitions that use the fact's name."""
        return [
            s for s in holders
            if s != fact.segment and s not in repo.named[fact.name] and inside_another(repo.segments[s], fact.symbol)
        ]  # fmt: skip

    def user_of(self, repo: Repo, fact: Fact, holders: list[int]) -> int | None:
        users = self.users_of(repo, fact, holders)
        return self.rng.choice(users) if len(fact.name) > 5 and 0 < len(users) < 12 else None

    def caller_of(self, repo: Repo, user: int, fact: Fact) -> int | None:
        """A segment inside another definition that names the user's: where a chain of three begins."""
        symbol = repo.segments[user].symbol
        name = symbol.rsplit(".", 1)[-1]
        callers = [
            s for s in repo.holders(self.tokenizer.ids(name))
            if s not in (user, fact.segment) and inside_another(repo.segments[s], symbol, fact.symbol)
        ]  # fmt: skip
        return self.rng.choice(callers) if len(name) > 5 and 0 < len(callers) < 12 else None

    def other_value(self, repo: Repo, fact: Fact) -> str | None:
        """A value of the same kind that another fact of the repository has."""
        for _ in range(8):
            other = self.rng.choices(repo.facts, cum_weights=repo.fact_weights)[0]
            if other.kind == fact.kind and other.value != fact.value and len(other.value) < 24:
                return other.value
        return None

    def from_link(self, repo: Repo) -> Sample:
        """Two hops: a name that is set from a constant, which has its value elsewhere; three by code that uses it."""
        link = self.rng.choice(repo.links)
        first, second = link.first, link.second
        name = self.tokenizer.ids(second.name)
        related = {first.segment, *repo.holders(self.tokenizer.ids(first.name)), *repo.holders(name), second.segment}
        kind = "list" if second.kind == "list" else "span"
        user = self.user_of(repo, first, repo.holders(self.tokenizer.ids(first.name))) if first.alone else None
        if user is not None and user != second.segment and self.rng.random() < 0.5:
            text = through_wording(self.rng, first, repo.segments[user].symbol)
            chain = [user, first.segment, second.segment]
        else:
            text, chain = reference_wording(self.rng, first), [first.segment, second.segment]
        return Sample(
            repo, self.words(self.tokenizer.ids(text)), kind, chain, related,
            [(second.segment, *span) for span in second.spans], self.similar(repo, name),
            {first.segment: [first.anchor], second.segment: [second.anchor]},
        )  # fmt: skip

    def from_doc(self, repo: Repo) -> Sample:
        """A comment as the question for its code, which is shown without it, so that nothing can be copied."""
        doc = self.rng.choice(repo.docs)
        bare, kept = without_comment(repo.segments[doc.segment], doc)
        near = [s for s in range(doc.segment - 8, doc.segment + 9) if 0 <= s < len(repo.segments)]
        near = [s for s in near if repo.segments[s].path == bare.path and abs(s - doc.segment) > 1]
        hard = [*near, *self.similar(repo, doc.question)]
        self.rng.shuffle(hard)
        anchors = {doc.segment: [kept.index(doc.anchor)]} if doc.anchor in kept else {}
        related = {doc.segment - 1, doc.segment, doc.segment + 1, *repo.same_docs[tuple(doc.question)]}
        named = repo.segments[doc.segment].code[repo.segments[doc.segment].anchors[doc.anchor] :]
        question = self.terse(repo, doc.question, named if doc.anchor >= 0 else [])
        return Sample(repo, question, "place", [doc.segment], related, [], hard, anchors, {doc.segment: bare})

    def from_cloze(self, repo: Repo) -> Sample | None:
        """A comment without one of its names; its code, shown without the comment, has the name."""
        for _ in range(6):
            doc = self.rng.choice(repo.docs)
            bare, _ = without_comment(repo.segments[doc.segment], doc)
            found = self.finder.find(doc.question, bare.code)
            if not found:
                continue
            hidden = self.rng.choices(found, [3 if c.number or c.last > c.first else 1 for c in found])[0]
            filler = self.rng.choice(self.number_fillers if hidden.number else self.fillers)
            before = doc.question[max(0, hidden.first - self.rng.randrange(8, 24)) : hidden.first]
            after = doc.question[hidden.last + 1 : hidden.last + 1 + self.rng.randrange(8, 24)]
            related = {doc.segment - 1, doc.segment, doc.segment + 1, *repo.same_docs[tuple(doc.question)]}
            hard = self.similar(repo, [t for t in before + after if t not in self.stop] or doc.question)
            spans = [(doc.segment, a, b) for a, b in hidden.spans]
            question = self.words([*before, *filler, *after])
            return Sample(repo, question, "span", [doc.segment], related, spans, hard, {}, {doc.segment: bare})
        return None

    def terse(self, repo: Repo, ids: list[int], named: list[int]) -> list[int]:
        """What a comment says, as somebody might ask: often cut to a sentence, some words or the rarer ones."""
        same = next((i for i, (a, b) in enumerate(zip(ids, named, strict=False)) if a != b), 0)
        if 0 < same <= len(ids) - 4 and self.rng.random() < 0.6:  # Go's comments begin with the name
            ids = ids[same:]
        stop = next((i for i, t in enumerate(ids) if t == self.period and i >= 4), None)
        if stop is not None and self.rng.random() < 0.6:
            ids = ids[:stop]
        roll = self.rng.random()
        if roll < 0.35:
            return self.words(ids)
        if roll < 0.45:
            word = self.tokenizer.word_piece.id_to_token(ids[0])
            asks = BEFORE_VERB if word in VERBS else BEFORE_THIRD_PERSON if word in THIRD_PERSONS else ("",)
            return [*self.tokenizer.ids(self.rng.choice(asks)), *ids][:MAX_QUESTION]
        groups: list[list[int]] = []
        for token in ids:
            if groups and token in self.pieces:
                groups[-1].append(token)
            elif token not in self.stop or (roll < 0.7 and self.rng.random() < 0.5):
                groups.append([token])
        if len(groups) > 3:
            wanted = max(3, len(groups) // 2)
            if roll < 0.7:  # any half
                order = self.rng.sample(range(len(groups)), wanted)
            else:  # the rarer ones
                order = sorted(range(len(groups)), key=lambda i: min(len(repo.by_token.get(t, ())) for t in groups[i]))
            groups = [groups[i] for i in sorted(order[: min(wanted, 8)])]
        return [t for group in groups for t in group] or ids

    def similar(self, repo: Repo, tokens: list[int]) -> list[int]:
        """Segments that share the rarer tokens of a name: hard negatives."""
        pool: list[int] = []
        for token in sorted(set(tokens), key=lambda t: len(repo.by_token.get(t, ())))[:2]:
            held = repo.by_token.get(token, [])
            pool += self.rng.sample(held, min(12, len(held)))
        return pool

    def renaming(self, rows: list[list[int]]) -> dict[int, int]:
        """Other words for some of those that the rows hold, so that what counts is who has the same name."""
        if self.rng.random() >= self.mix.rename:
            return {}
        share = self.rng.random() * 0.4
        held = sorted({t for row in rows for t in row} & self.renamable)
        return {
            t: self.rng.choice(self.other_pieces if t in self.pieces else self.other_words)
            for t in held if self.rng.random() < share
        }  # fmt: skip

    def words(self, ids: list[int]) -> list[int]:
        """Cuts the question and hides some of its words, so that no single one is relied on."""
        ids = list(ids[:MAX_QUESTION])
        if self.rng.random() < 0.3 and len(ids) > 4:
            ids = [MASK if self.rng.random() < 0.12 else t for t in ids]
        return ids

    def negatives_of(self, sample: Sample, count: int) -> list[int]:
        pool = [s for s in dict.fromkeys(sample.hard) if s not in sample.related]
        out: list[int] = []
        for tries in range(20 * count):
            if len(out) == count:
                break
            if pool and self.rng.random() < 0.8:
                s, fits = pool.pop(int(len(pool) * self.rng.random() ** 2.5)), True
            else:
                s = self.rng.randrange(len(sample.repo.segments))
                fits = s not in sample.chain and (s not in sample.related or tries > 10 * count)
            if fits and s not in out:
                out.append(s)
        return out


def inside_another(segment: Segment, *symbols: str) -> bool:
    """Whether it stands in a definition other than these, outside of tests and the like."""
    return segment.symbol not in ("", *symbols) and not SHY.search(segment.path)
