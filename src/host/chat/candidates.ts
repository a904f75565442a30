/** Values that are worth a question: numbers and short strings. */
const VALUE = String.raw`(?:-?\d[\d_.]*(?:\s*\*\s*\d[\d_.]*)*|"[^"\n]{1,40}"|'[^'\n]{1,40}')`;

const CONSTANT = new RegExp(
  String.raw`^\s*(?:export\s+|pub\s+|public\s+|private\s+|static\s+|final\s+|const\s+|let\s+|var\s+|#define\s+)*(?:[A-Za-z<>]+\s+)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b\s*(?::[^=\n]{1,40})?=?\s*${VALUE}\s*[;,]?\s*(?:(?:\/\/|#|\/\*).*)?$`,
);

const SETTING = new RegExp(
  String.raw`\b((?:default|max|min)[A-Z][A-Za-z]{3,30}|[a-z][A-Za-z]{2,24}(?:Timeout|Delay|Limit|Size|Interval|Retries))\b["']?\s*[:=]\s*${VALUE}\s*[;,]?\s*$`,
);

const TESTS = /(?:^|\/)(?:tests?|spec|__tests__|examples?|fixtures?|docs?)\//i;
const MOST = 4;

/** "DEFAULT_MAX_FRAME_SIZE" and "maxFrameSize" as words: "default max frame size". */
function inWords(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();
}

/** Questions that a file could answer by the value of one of its constants or settings. */
export function candidateQuestions(path: string, text: string): string[] {
  if (TESTS.test(path)) return [];
  const questions: string[] = [];
  for (const line of text.split("\n")) {
    if (questions.length === MOST) break;
    if (line.length > 200) continue;
    const name = (CONSTANT.exec(line) ?? SETTING.exec(line))?.[1];
    if (name === undefined) continue;
    questions.push(`What is the ${inWords(name)}?`);
  }
  return [...new Set(questions)];
}
