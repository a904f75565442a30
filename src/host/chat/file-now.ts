import * as vscode from "vscode";
import type { FileNow } from "./stale.ts";

/** A larger file is not looked at again: what is cited of it counts as unchanged. */
const MOST_BYTES = 20_000_000;

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** The text of a file as the engine decodes it: UTF-8, or UTF-16 by its mark. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder().decode(bytes);
}

/** A file as it is on disk; undefined where that cannot be told. */
export async function fileNow(uri: vscode.Uri): Promise<FileNow | undefined> {
  try {
    const { mtime, size } = await vscode.workspace.fs.stat(uri);
    if (size > MOST_BYTES) return undefined;
    const text = decode(await vscode.workspace.fs.readFile(uri));
    return { lines: text.split("\n"), since: TIME.format(mtime) };
  } catch (error) {
    const gone = error instanceof vscode.FileSystemError && error.code === "FileNotFound";
    return gone ? { lines: undefined, since: TIME.format(Date.now()) } : undefined;
  }
}
