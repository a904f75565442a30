/**
 * Text from a workspace may hold escape sequences that move the cursor, and direction overrides that make code look
 * like other code (CVE-2021-42574): on a terminal each such character is shown as its escape. JSON output is exact.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** For several lines: line feeds and tabs stay, a carriage return before a line feed is dropped. */
export function safeBlock(text: string): string {
  return text.replace(/\r(?=\n|$)/g, "").replace(UNSAFE, escaped);
}

/** For one line, e.g. a path or a short answer: line feeds and tabs are shown as escapes too. */
export function safeLine(text: string): string {
  return text.replace(/\n/g, "\\n").replace(/\t/g, "\\t").replace(UNSAFE, escaped);
}

/** `safeBlock` with each line indented. */
export function indented(text: string, by = "    "): string {
  return safeBlock(text)
    .split("\n")
    .map((line) => (line === "" ? "" : by + line))
    .join("\n");
}
