import * as vscode from "vscode";
import { answerText, inlineCode } from "../chat/copy.ts";
import type { CitedPlace, Exchange } from "../chat/exchange.ts";
import { prefixOf } from "../chat/narrow.ts";
import type { Folders } from "../index/folders.ts";
import { placeUri, selectionOf } from "../open-place.ts";
import { type Asking, askApart, NothingToReadError, placeName } from "./asking.ts";

/** The id in package.json. */
const ID = "armt.armt";

/** Answers `@armt` in VS Code's chat by itself: no language model is asked. */
export function registerParticipant(extension: vscode.Uri, asking: Asking): vscode.Disposable {
  const participant = vscode.chat.createChatParticipant(ID, async (request, _context, stream, token) => {
    const { text, narrow } = await questionOf(request, asking.folders);
    if (text === "") {
      stream.markdown(vscode.l10n.t("Ask about a fact in this code, in your own words."));
      return;
    }
    stream.progress(vscode.l10n.t("Recalling"));
    try {
      show(await askApart(asking, { text, narrow }, token), stream);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      stream.markdown(new vscode.MarkdownString().appendText(error instanceof Error ? error.message : String(error)));
      if (error instanceof NothingToReadError)
        stream.button({ command: "armt.index", title: vscode.l10n.t("Index {0}", asking.folders.name) });
    }
  });
  participant.iconPath = vscode.Uri.joinPath(extension, "media", "icon.png");
  return participant;
}

/** The question without the `#file` words in it, and what these narrow it to. */
async function questionOf(
  { prompt, references }: vscode.ChatRequest,
  folders: Folders,
): Promise<{ readonly text: string; readonly narrow: readonly string[] }> {
  const narrow: string[] = [];
  let text = prompt;
  // The last one first, so that the ranges of the others hold. What VS Code adds by itself has no range.
  for (const { range, value } of [...references].sort((a, b) => (b.range?.[0] ?? 0) - (a.range?.[0] ?? 0))) {
    const uri = value instanceof vscode.Location ? value.uri : value;
    const found = uri instanceof vscode.Uri && range !== undefined ? folders.find(uri) : undefined;
    if (found === undefined || range === undefined || !(uri instanceof vscode.Uri)) continue;
    const isFolder = await vscode.workspace.fs.stat(uri).then(
      ({ type }) => type === vscode.FileType.Directory,
      () => false,
    );
    narrow.push(`${prefixOf(folders, found.index)}${found.path}${isFolder && found.path !== "" ? "/" : ""}`);
    text = text.slice(0, range[0]) + text.slice(range[1]);
  }
  return { text: text.replace(/\s+/g, " ").trim(), narrow: narrow.includes("") ? [] : narrow };
}

function show(exchange: Exchange, stream: vscode.ChatResponseStream): void {
  const { result, citations } = exchange;
  if ("partial" in result && result.partial !== undefined)
    stream.markdown(`${vscode.l10n.t("From {0} % of the workspace.", result.partial)}\n\n`);
  if (result.status === "answered") {
    const sureness = {
      sure: vscode.l10n.t("Sure"),
      likely: vscode.l10n.t("Likely"),
      unsure: vscode.l10n.t("Unsure"),
    }[result.sureness];
    const answer = answerText(exchange).split("\n").map(inlineCode).join("  \n");
    stream.markdown(`${answer}\n\n${sureness}\n\n`);
  } else {
    stream.markdown(`${vscode.l10n.t("Not in this workspace")}\n\n`);
    if (citations.length > 0)
      stream.markdown(`${vscode.l10n.t("Nearest places. They do not answer the question.")}\n\n`);
  }
  for (const place of citations) showPlace(place, stream);
}

function showPlace(place: CitedPlace, stream: vscode.ChatResponseStream): void {
  const uri = placeUri(place);
  if (uri === undefined) return;
  stream.anchor(new vscode.Location(uri, selectionOf(place)), placeName(place));
  stream.markdown(new vscode.MarkdownString().appendCodeblock(place.quote));
}
