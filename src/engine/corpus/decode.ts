import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hasUtf16Mark, reasonByContent, type SkipReason } from "./exclusions.ts";

/** Bytes of a file that is still indexed, unless the options say otherwise. */
export const DEFAULT_MAX_FILE_BYTES = 1_000_000;

export type SourceEncoding = "utf-8" | "utf-16le" | "utf-16be" | "invalid-utf-8";

/** A file's content as a reader sees it. */
export interface Source {
  /** Decoded text without a byte-order mark; invalid UTF-8 shows as U+FFFD. Line breaks are as in the file. */
  readonly text: string;
  /** Size on disk. */
  readonly bytes: number;
  readonly mtimeMs: number;
  /** 132 bits of the SHA-256 of the bytes on disk, base64url. */
  readonly hash: string;
  readonly encoding: SourceEncoding;
}

export type SourceResult = Source | { readonly skip: SkipReason };

export interface ReadLimits {
  readonly maxBytes?: number;
}

/**
 * Reads and decodes one file; what cannot or should not be read gives a reason, not an exception. Does not follow a
 * symbolic link (so that a file swapped for a link cannot lead out of the workspace) and never blocks on a fifo.
 */
export async function readSource(absolutePath: string, limits: ReadLimits = {}): Promise<SourceResult> {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_FILE_BYTES;
  const read = await readBytes(absolutePath, maxBytes + 1, maxBytes);
  if ("skip" in read) return read;
  const { bytes } = read;
  if (bytes.length > maxBytes) return { skip: "too-large" };
  const reason = reasonByContent(absolutePath, bytes);
  if (reason !== undefined) return { skip: reason };
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return { ...decode(bytes), bytes: bytes.length, mtimeMs: read.mtimeMs, hash };
}

/** The first `length` bytes of a regular file. `maxSize` refuses a larger file before anything is read. */
export async function readBytes(
  absolutePath: string,
  length: number,
  maxSize = Number.POSITIVE_INFINITY,
): Promise<{ readonly bytes: Buffer; readonly mtimeMs: number } | { readonly skip: SkipReason }> {
  let handle: FileHandle | undefined;
  try {
    // Windows knows neither flag.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    handle = await open(absolutePath, flags);
    const stat = await handle.stat();
    if (!stat.isFile()) return { skip: "special" };
    if (stat.size > maxSize) return { skip: "too-large" };
    const buffer = Buffer.allocUnsafe(Math.min(length, Math.max(stat.size + 1, 1)));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: buffer.subarray(0, filled), mtimeMs: stat.mtimeMs };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // A socket cannot be opened, a link is refused by O_NOFOLLOW.
    if (code === "ENXIO" || code === "EOPNOTSUPP") return { skip: "special" };
    return { skip: code === "ELOOP" ? "link" : "unreadable" };
  } finally {
    await handle?.close();
  }
}

/** Decodes UTF-8, or UTF-16 that says so by its byte-order mark. */
export function decode(bytes: Buffer): { text: string; encoding: SourceEncoding } {
  if (hasUtf16Mark(bytes)) {
    const even = bytes.subarray(2, bytes.length - (bytes.length % 2));
    if (bytes[0] === 0xff) return { text: even.toString("utf16le"), encoding: "utf-16le" };
    return { text: Buffer.from(even).swap16().toString("utf16le"), encoding: "utf-16be" };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "utf-8" };
  } catch {
    return { text: new TextDecoder("utf-8").decode(bytes), encoding: "invalid-utf-8" };
  }
}
