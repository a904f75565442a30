"""What counts as a value that can be asked for, and what a segment is without its comment. Run with pytest."""

import random
from itertools import pairwise
from pathlib import Path

from babi import training_stories
from batches import arrange
from cloze import ClozeFinder, Spans
from data import Doc, Repo, Segment, without_comment
from facts import Fact, value_of
from relations import sift_relations, unit_span
from sampler import Mix, Sampler
from scattered import TOLD, told_in_code
from templates import fact_wording, truth_wording
from tokenizer import Tokenizer
from words import phrase, split

BABI = Path(__file__).parents[2] / "test/bench/babi"
TOKENIZER = Path(__file__).parents[1] / "armt-code/tokenizer.json"


def answers(text: str, path: str = "a.ts") -> tuple[str, list[str]] | None:
    found = value_of(text, path)
    return found and (found[0], [text[a:b] for a, b in found[1]])


def test_values_are_literals() -> None:
    assert answers("30_000") == ("number", ["30_000"])
    assert answers("10 * 1024 * 1024") == ("number", ["10 * 1024 * 1024"])
    assert answers("Duration::from_millis(100)") == ("number", ["Duration::from_millis(100)"])
    assert answers('"utf8"') == ("text", ["utf8"])
    assert answers("False") == ("switch", ["False"])
    assert answers("/^a+$/g") == ("pattern", ["/^a+$/g"])
    assert answers("re.compile(r'a+')") == ("pattern", ["a+"])
    assert answers("new Set(['GET', 'HEAD'])") == ("list", ["GET", "HEAD"])
    assert answers("tab", "x/.editorconfig") == ("text", ["tab"])


def test_expressions_are_none() -> None:
    for text in ("index + 1", "compute(a, b)", "{ a: 1 }", "[]", "headers", '"$CFLAGS -O2"', "f'{host}:80'", "[a, b]"):
        assert answers(text) is None, text


def test_a_segment_without_its_comment() -> None:
    segment = Segment("a.ts", "f", [1], [10, 11, 12, 13, 14, 15], [0, 2, 4])
    bare, kept = without_comment(segment, Doc(0, 1, 3, 2, [7, 8, 9, 10]))
    assert bare.code == [10, 14, 15]
    assert (bare.anchors, kept) == ([0, 1], [0, 2])
    assert segment.code == [10, 11, 12, 13, 14, 15]


def test_names_become_words() -> None:
    assert split("maxRetryCount") == ["max", "retry", "count"]
    assert split("HTTP_TIMEOUT_MS") == ["http", "timeout", "ms"]
    rng = random.Random(0)
    assert any("maximum" in phrase(rng, "maxRetries") for _ in range(40))


def test_an_ambiguous_name_is_asked_with_its_place() -> None:
    fact = Fact(
        0,
        0,
        "maxRetries",
        "number",
        "5",
        [(3, 3)],
        1.0,
        "Client.connect",
        "src/net/client.ts",
        "client.ts",
        alone=False,
    )
    rng = random.Random(1)
    for _ in range(200):
        text = fact_wording(rng, fact).lower()
        assert "connect" in text or "client" in text, text
    assert {truth_wording(rng, fact, other)[1] for other in (None, "7")} == {"yes", "no"}


def test_a_comment_without_a_name_of_its_code() -> None:
    tokenizer = Tokenizer(TOKENIZER)
    finder = ClozeFinder(tokenizer, frozenset(tokenizer.ids("the is a in")))
    code = tokenizer.ids("function connect(host) { return open(host, maxRetries, 30) }")
    comment = tokenizer.ids("Opens the host, at most maxRetries times in 30 seconds of the max")

    def texts(tokens: list[int], spans: Spans) -> list[list[int]]:
        return [tokens[a : b + 1] for a, b in spans]

    found = {tuple(comment[c.first : c.last + 1]): c for c in finder.find(comment, code)}
    host, retries, thirty = (tuple(tokenizer.ids(word)) for word in ("host", "maxRetries", "30"))
    assert set(found) == {host, retries, thirty}, "whole names and literals, not the 'max' of another name"
    assert texts(code, found[host].spans) == [list(host)] * 2
    assert [found[name].number for name in (host, retries, thirty)] == [False, False, True]


def test_other_words_are_the_same_in_question_and_code() -> None:
    tokenizer = Tokenizer(TOKENIZER)
    sampler = Sampler([], tokenizer, 1, Mix(rename=1.0))
    question, code = tokenizer.ids("what is the timeout of connect"), tokenizer.ids("connect(timeout = 30)")
    renamed = [sampler.renaming([question, code]) for _ in range(50)]
    assert any(renamed)
    held = set(question + code)
    for names in renamed:
        assert set(names) <= held
        assert not {*tokenizer.ids("the of is 30 ( ) =")} & set(names), "what has no name of its own stays"


def test_a_story_is_told_in_order_in_the_code() -> None:
    tokenizer = Tokenizer(TOKENIZER)
    sampler = Sampler([], tokenizer, 1, Mix())
    code = tokenizer.ids("function connect(host) { return open(host, maxRetries, 30) }")
    repo = Repo("a", [Segment(f"{i}.ts", "connect", [1], code, [1]) for i in range(40)])
    stories = training_stories(BABI, tasks=TOLD)
    words = tokenizer.word_piece.id_to_token
    for task in TOLD:
        kinds = set()
        told = [told_in_code(sampler.rng, repo, story, tokenizer, sampler.pieces) for story in stories[task][:80]]
        samples = [sample for sample in told if sample is not None]
        assert len(samples) > 40
        for sample in samples:
            kinds.add(sample.kind)
            assert set(sample.chain) <= set(sample.stream)
            for segment, first, last in sample.spans:
                assert words(sample.segment(segment).code[first]) in {
                    *("kitchen", "garden", "office", "bathroom", "bedroom", "hallway", "milk", "apple", "football")
                }
                assert first == last
            order = arrange(sampler, sample, 12)
            assert len(set(order)) == 12
            assert all(order.index(a) < order.index(b) for a, b in pairwise(sample.stream)), "later lines come later"
        wanted = {"qa1": {"span"}, "qa2": {"span"}, "qa6": {"yes", "no"}, "qa7": {"yes", "no"}}
        assert kinds == wanted.get(task, {"none", "span", "list"})


def test_relations_with_one_answer() -> None:
    raw = {
        "paths": ["src/a.ts", "test/a.test.ts"],
        "segments": [{"p": 0}, {"p": 0}, {"p": 1}],
        "relations": [
            [0, "base", "Dog", "Animal", 3, 3],
            [1, "base", "Cat", "Animal", 3, 3],
            [1, "error", "Cat.feed", "the bowl is empty", 5, 8],
            [1, "error", "Cat.feed", "the cat is not there", 15, 19],
            [2, "environment", "port", "PORT", 1, 1],
        ],
    }
    found = {(r.subject, r.object): (r.forward, r.backward) for r in sift_relations(raw)}
    assert found == {
        ("Dog", "Animal"): (True, False),
        ("Cat", "Animal"): (True, False),
        ("Cat.feed", "the bowl is empty"): (False, True),
        ("Cat.feed", "the cat is not there"): (False, True),
    }


def test_the_unit_in_a_name() -> None:
    tokenizer = Tokenizer(TOKENIZER)
    code = tokenizer.ids("const retry_delay_ms = 30")
    fact = Fact(0, 0, "retry_delay_ms", "number", "30", [], 1.0, "", "a.ts", "a.ts", alone=True)
    span = unit_span(tokenizer, fact, code, len(tokenizer.ids("const")))
    assert span is not None
    assert code[span[0] : span[1] + 1] == tokenizer.ids("ms")
    assert unit_span(tokenizer, fact, code, 0) is None, "the name stands elsewhere"
