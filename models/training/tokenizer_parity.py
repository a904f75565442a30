"""Writes test/unit/corpus/tokenizer-parity.json: what the Python tokenizer makes of many odd and real strings.

Usage: python models/training/tokenizer_parity.py SOURCES_DIR   (a folder of unpacked repositories)
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
TRAIN_REPOS = ["express", "gunicorn", "cobra", "ripgrep", "redis", "jsoup", "puma", "monolog", "lua", "spdlog", "less"]
SUFFIXES = {".js", ".ts", ".py", ".go", ".rs", ".java", ".rb", ".php", ".c", ".h", ".cpp", ".md", ".css", ".sh"}

ODD = [
    "",
    " ",
    "\n\r\n\t",
    "maxPayload2",
    "HTTPServer",
    "getURLs",
    "IDs",
    "URLsafe",
    "parseHTTPSUrl",
    "XMLHttpRequest",
    "snake_case_name",
    "__init__",
    "_private",
    "$scope",
    "$$",
    "$_$_$x",
    "_",
    "__",
    "___",
    "a__b",
    "CONST_VALUE_2",
    "foo$bar",
    "^foo$",
    "${name}",
    "_____________x",
    "utf8",
    "sha256sum",
    "0xFFee00",
    "1e-9",
    "1_000_000",
    "v1.2.3-rc.1",
    "a===b",
    "a==b",
    "----------",
    "......",
    "((((x))))",
    "[[a]]",
    "};",
    ";;;",
    "x ? y : z;",
    "what's maxPayload's default?",
    "I'd say: don't!",
    "iPhone",
    "A",
    "AB",
    "ABc",
    "aB",
    "Ab",
    "ABCs",
    "ABCsd",
    "ABs_x",
    "eBPF",
    "e.g. i.e. etc.",
    "Straße GROẞ",
    "naïve café ÀÉÎ",
    "İstanbul ıI",
    "ΣΑΣ ς Σ",
    "ΟΔΥΣΣΕΥΣ",
    "ПриветМир",
    "приветМИРу",
    "日本語テキスト",
    "中文变量名 = 1",
    "한국어 변수",
    "ひらがなカタカナ",
    "עברית",
    "العربية ١٢٣",
    "हिन्दी",
    "ไทย",
    "𠀀𠀁 astral han",
    "𝒜𝓑 math",
    "𐐀𐐨 deseret",
    "😀",
    "😀😀😀",
    "👩‍👩‍👧",
    "❤️ red",
    "🇩🇪🇫🇷",
    "e\u0301 e\u0302\u0301",
    "\u0301",
    "a\u200db",
    "soft\u00adhyphen",
    "\ufeffbom",
    "\ud800",
    "a\ud800b",
    "\udc00\ud800",
    "x\udfff",
    "\ufffd\ufffd",
    "\u0000\u0001\u007f",
    "line\u2028sep\u2029",
    "nbsp\u00a0x",
    "½ ² ³ ٣ Ⅷ ①",
    "≠ ≤ ≥ → ⇒ ∑",
    "… – — ‘quoted’ “q”",
    "ﬁ ﬂ ligature",
    "ǅ ǈ Ǆ titlecase",
    "Ａ１（）full",
    "￥€£$",
    "x" * 100,
    "x" * 101,
    "é" * 100,
    "é" * 101,
    "X" * 300,
    "9" * 40,
    "supercalifragilisticexpialidocious",
    "aA" * 40,
    "_" * 50,
    "-_" * 20,
    "[CLS] [SEP] [MASK] [UNK] [PAD]",
    "[unused1]",
    "##ing",
    "C:\\Users\\x",
    "/usr/lib/*.so",
    "<!-- html -->",
    '<div class="a-b">',
    "a\tb\fc\vd",
    "/* comment **/",
    "//////",
    "#!/bin/sh -e",
    "@decorator(x=1)",
    "fn<'a, T: Clone>()",
    "obj?.prop ?? 5",
    "i++ + ++j",
    "a&&b||c",
    "SELECT * FROM t;",
    "key: 'value',",
    "%s %d %-10.2f",
    "\\u{1F600} \\n",
    "`tick`",
    "~~~",
    "'''doc'''",
    '"""doc"""',
    "ÆØÅ æøå",
    "Ω K Å",
    "\u037e",
    "\u1fef",
    "ŉ ǰ ẖ",
    "ʼn",
    "क्षि",
    "\u0e33",
    "ẞ",
    "ﬀ",
    "\U000e0001tag",
    "\ue000private",
]


def main() -> None:
    sources = Path(sys.argv[1])
    rng = random.Random(7)
    texts = list(ODD)
    for repo in TRAIN_REPOS:
        files = sorted(
            p for p in (sources / repo).rglob("*") if p.suffix in SUFFIXES and p.is_file() and not p.is_symlink()
        )
        lines: list[str] = []
        for path in rng.sample(files, min(12, len(files))):
            found = [line for line in path.read_text("utf8", "replace").split("\n") if 8 < len(line) < 160]
            lines += rng.sample(found, min(4, len(found)))
        texts += rng.sample(lines, min(28, len(lines)))
    tokenizer = Tokenizer(ROOT / "models/armt-code/tokenizer.json")
    cases = []
    for text in texts:
        encoded = tokenizer.encode(text)
        cases.append(
            {"text": text, "ids": encoded.ids, "starts": encoded.starts, "ends": encoded.ends, "words": encoded.words}
        )
    out = ROOT / "test/unit/corpus/tokenizer-parity.json"
    out.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
    print(f"{len(cases)} strings, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
