"""Facts that a parser found, sifted for those that somebody would ask about and that have one answer."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from tokenizer import Tokenizer
from words import word_set


@dataclass
class Fact:
    """A name that the code gives a value, or the place of a definition (`kind` "place", no spans)."""

    segment: int
    anchor: int
    name: str
    kind: str  # number, code (one of many numbers in a table), text, switch, constant, pattern, list, place
    value: str
    spans: list[tuple[int, int]]  # inclusive token ranges in the segment's code: the value, or each item of a list
    weight: float
    symbol: str  # the definition around it, "" at the top of a file
    path: str
    file: str  # the end of the path that no other file shares
    alone: bool  # whether no other place of the repository gives this name another value


@dataclass
class Link:
    """A name whose value is another name: `first` refers to the constant `second`."""

    first: Fact
    second: Fact


NUMBER = re.compile(r"-?(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)[a-z%]{0,4}", re.I)
PRODUCT = re.compile(
    r"(?=.*\d)[\d_]+\w{0,3}(?: *(?:\*|<<) *[\w.]+)+|time\.\w+(?: *\* *\d+)?|[\w.:]+\( *-?\d[\w.]*(?:, *[\w.]+)? *\)",
    re.I,
)
TEXT = re.compile(r"[rubf@L$]{0,2}([\"'`])((?:(?!\1).){1,56})\1")
CALLED_TEXT = re.compile(
    r"(?:re\.compile|regexp\.MustCompile|Regex::new|new RegExp|Pattern\.compile)\( *r?([\"'`])((?:(?!\1).)+)\1"
)
REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/[a-z]*")
SWITCH = re.compile(r"true|false", re.I)
CONSTANT = re.compile(r"(?:[\w$]+(?:\.|::|->))*[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*|[A-Z]\w*(?:\.|::)[A-Z]\w*")
REFERENCE = re.compile(r"(?:[\w$]+(?:\.|::|->))*([A-Za-z_$][\w$]+)")
ITEMS = re.compile(r"(?:new \w+(?:<[^<>]*>)?\(|\w+\()?[\[({]([^\[\](){}]*)[\])}]+")
ITEM = re.compile(r" *([\"'`]?)([^\"'`,]+)\1 *(?:,|$)")
BARE = re.compile(r"[\w./@+-]+(?: [\w./@+-]+){0,2}")
BARE_FILES = re.compile(r"\.(?:ya?ml|toml|ini|conf|cfg|properties|env|cnf|editorconfig)$|(?:^|/)\.\w+rc$", re.I)
CODE_WORD = re.compile(r"[\w$]+")

SHY = re.compile(
    r"(?:^|[/_.-])(?:tests?|specs?|__tests__|testing|testdata|benchmarks?|examples?|fixtures?|mocks?|demo|vendor)(?:[/_.-]|$)"
    r"|Tests?\b|\.lock$|package-lock|(?:package|composer)\.json$|Cargo\.toml|\.orig$|pom\.xml$|CHANGE|HISTORY|\.github|\.d\.ts$|(?:^|/)docs?/|\.(?:md|markdown|rst|txt|svg|css)$"
)
NO_PLACES = re.compile(r"\.(?:ya?ml|toml|json|xml|html?|conf|cnf|cfg|ini)$")
LANGUAGES = re.compile(r"(?:^|/)(?:locales?|lang|languages?|i18n|l10n|translations?|entities|intl)(?:[/._-]|$)", re.I)
SETTING = re.compile(
    r"max|min|timeout|limit|size|default|port|host|count|interval|delay|threshold|retr|buffer|version|prefix|suffix"
    r"|path|file|enabled|url|header|mode|level|length|capacity|ttl|expir|depth|width|charset|encoding|separator|format"
    r"|algorithm|policy|strategy|message|backlog|concurren|thread|worker|period|attempts|window|factor|ratio|rate",
    re.I,
)
GENERIC = word_set(
    "name type value key data result res ret err error id idx index pos code msg val item node args arg opts options "
    "obj str text line len num tmp temp test foo bar baz self this src dst out input output start end first last flag "
    "flags state status kind title label description required properties items body content rest next prev left right "
    "version license author main module uses run on with if env steps jobs string number boolean found done"
)
STARTING = re.compile(
    r"constructor|__init__|initialize|(?:^|\.)(?:new|create|init|defaults?|setup)|options|default", re.I
)
DULL = frozenset({"0", "1", "-1", "", "true", "false", "null", "none", "nil", "undefined"})


def value_of(text: str, path: str) -> tuple[str, list[tuple[int, int]]] | None:
    """Kind of a value and the character ranges of its answers (a string without quotes); None for expressions."""
    whole = text.rstrip(";, ")
    if (
        (match := TEXT.fullmatch(whole))
        and re.search(r"\w", re.sub(r"\\.", "", match[2]))
        and not re.search(r"\$[\w(]|[$#]?\{", whole)
    ):
        return "text", [match.span(2)]
    if match := CALLED_TEXT.match(whole):
        return "pattern", [match.span(2)]
    if (match := REGEX.fullmatch(whole)) and len(whole) > 4:
        return "pattern", [(0, len(whole))]
    if SWITCH.fullmatch(whole):
        return "switch", [(0, len(whole))]
    if NUMBER.fullmatch(whole) or PRODUCT.fullmatch(whole):
        return "number", [(0, len(whole))]
    if match := ITEMS.fullmatch(whole):
        return items_of(whole, *match.span(1))
    if len(whole) > 3 and CONSTANT.fullmatch(whole):
        return "constant", [(0, len(whole))]
    if BARE_FILES.search(path) and BARE.fullmatch(whole):
        return "text", [(0, len(whole))]
    return None


def items_of(text: str, start: int, end: int) -> tuple[str, list[tuple[int, int]]] | None:
    """Two or more plain literals."""
    ranges, at = [], start
    inner = text[:end].rstrip(", ")
    while at < len(inner):
        match = ITEM.match(inner, at)
        if match is None or not (match[1] or NUMBER.fullmatch(match[2].strip())) or not match[2].strip():
            return None
        ranges.append(match.span(2))
        at = match.end()
    return ("list", ranges) if len(ranges) > 1 else None


def token_ranges(
    tokenizer: Tokenizer, text: str, ranges: list[tuple[int, int]], code: list[int], first: int, last: int
) -> list[tuple[int, int]] | None:
    """Characters of the value as tokens of the segment; None where the tokens are not the value's own."""
    encoded = tokenizer.encode(text)
    if not text.isascii() or encoded.ids != code[first : last + 1]:
        return None
    found = []
    for start, end in ranges:
        inside = [i for i, (a, b) in enumerate(zip(encoded.starts, encoded.ends, strict=True)) if a < end and b > start]
        if not inside:
            return None
        found.append((first + inside[0], first + inside[-1]))
    return found


def weight_of(name: str, kind: str, value: str, symbol: str, path: str) -> float:
    """How much one would ask for this: settings and constants before passing variables, sources before tests."""
    weight = 1.0
    constant = re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*|k[A-Z]\w+", name) is not None
    if constant:
        weight *= 3
    if SETTING.search(name):
        weight *= 4
    if kind == "number":
        weight *= 2
    if kind == "constant":
        weight *= 0.3
    if value.strip("\"'").lower() in DULL and kind != "switch":
        weight *= 0.15
    if name.lower() in GENERIC or len(name) < 4:
        weight *= 0.05 if not symbol else 0.15
    elif name.islower() and "_" not in name and "-" not in name:
        weight *= 0.3
    if SHY.search(path):
        weight *= 0.03
    if LANGUAGES.search(path):
        weight *= 0.02
    return weight


def is_passing(code: list[int], at: int, name: str, value: str, symbol: str, marks: dict[str, int]) -> bool:
    """Whether a name is a variable that a function sets out with: `found = false` is nobody's question."""
    if not symbol or name.isupper() or value.strip("\"'").lower() not in DULL:
        return False
    if code[max(0, at - 1) : at] == [marks["."]]:  # a member: what a constructor gives it is its default
        return not STARTING.search(symbol)
    if at > 0 and code[at - 1] in (marks["("], marks[","]):  # a parameter's default
        return False
    after = code[at : at + 8]
    return marks["="] in after and marks[":"] not in after[: after.index(marks["="])]


def short_paths(paths: list[str]) -> dict[str, str]:
    """Each path by as many of its last components as tell it from all others."""
    ends = Counter("/".join(p.split("/")[-n:]) for p in paths for n in range(1, p.count("/") + 2))
    return {
        p: next(("/".join(p.split("/")[-n:]) for n in range(1, p.count("/") + 2)
                 if ends["/".join(p.split("/")[-n:])] == 1), p)
        for p in paths
    }  # fmt: skip


def sift(raw: dict, tokenizer: Tokenizer) -> tuple[list[Fact], list[Link]]:
    """The facts of an exported repository that can be asked for, and the links from one to another."""
    marks = {mark: tokenizer.ids(mark)[0] for mark in ".:=,("}
    paths, symbols, segments = raw["paths"], raw["symbols"], raw["segments"]
    files = short_paths(paths)
    values: dict[str, set[str]] = defaultdict(set)
    local: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    places: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for segment, _, _, name, value, _, _ in raw["facts"]:
        where = paths[segments[segment]["p"]], symbols[segments[segment]["s"]]
        if value is None:
            places[name].add(where)
        else:
            values[name].add(value)
            local[(name, *where)].add(value)
    facts: list[Fact] = []
    references: list[tuple[Fact, str]] = []
    for segment, anchor, letter, name, value, first, last in raw["facts"]:
        row = segments[segment]
        path, symbol = paths[row["p"]], symbols[row["s"]]
        if len(name) < 3 or not CODE_WORD.fullmatch(name.replace("-", "_").replace(".", "_")):
            continue
        outer = symbol.removesuffix(name).rstrip(".") if symbol.endswith(name) else symbol
        if value is None:
            dull = name.lower() in GENERIC or len(places[name]) > 3 or SHY.search(path) or NO_PLACES.search(path)
            if letter == "d" and not dull and len(name) > 4:
                weight = 1.0 if len(re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)) > 1 else 0.3
                facts.append(
                    Fact(
                        segment, anchor, name, "place", "", [], weight, outer, path, files[path], len(places[name]) == 1
                    )
                )
            continue
        if len(local[(name, path, symbol)]) > 1 or is_passing(row["c"], row["a"][anchor], name, value, symbol, marks):
            continue
        alone = len(values[name]) == 1 and name.lower() not in GENERIC
        kind = value_of(value, path)
        if "UNSET" in value:
            continue
        if kind is None or kind[0] == "constant":
            if (match := REFERENCE.fullmatch(value)) and match[1] != name:
                fact = Fact(
                    segment, anchor, name, "constant", value, [(first, last)], 1.0, outer, path, files[path], alone
                )
                references.append((fact, match[1]))
            if kind is None:
                continue
        spans = token_ranges(tokenizer, value, kind[1], row["c"], first, last)
        if spans is not None:
            weight = weight_of(name, kind[0], value, symbol, path)
            facts.append(Fact(segment, anchor, name, kind[0], value, spans, weight, outer, path, files[path], alone))
    crowd = Counter((fact.path, fact.symbol, fact.kind) for fact in facts)
    settings = Counter((fact.path, fact.symbol, fact.kind) for fact in facts if SETTING.search(fact.name))
    for fact in facts:  # a table of a thousand codes must not outweigh all else
        table = (fact.path, fact.symbol, fact.kind)
        if fact.kind == "number" and crowd[table] > 8 and settings[table] < 0.5 * crowd[table]:
            fact.kind = "code"
            fact.weight *= 0.4
        fact.weight *= min(1.0, 30 / crowd[table])
    return facts, linked(facts, references)


def linked(facts: list[Fact], references: list[tuple[Fact, str]]) -> list[Link]:
    """References to a constant with one literal value, in another segment."""
    known: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.kind not in ("place", "constant", "code") and fact.alone:
            known[fact.name].append(fact)
    links = []
    for first, name in references:
        target = known.get(name, [])
        telling = (name.isupper() and len(name) > 4) or re.search(r"[a-z_][A-Z]|[a-z]_[a-z]", name)
        dull = first.name.lower() in GENERIC or SHY.search(first.path) or "UNSET" in name
        dull = dull or not (SETTING.search(first.name + name) or re.search(r"[a-z_][A-Z]|_", first.name))
        if len(target) == 1 and target[0].segment != first.segment and telling and not dull:
            links.append(Link(first, target[0]))
    return links
