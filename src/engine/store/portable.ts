import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ArmtError } from "../errors.ts";
import { checksum } from "../memory/quantize.ts";
import { copyChats } from "./chats.ts";
import { ExportTargetExistsError, ImportRefusedError, StateFromNewerVersionError, toStateError } from "./errors.ts";
import { blobOf, MalformedRowError, numberOf } from "./rows.ts";
import { FORMAT_VERSION, type StateIdentity, writeMeta } from "./schema.ts";
import { decodeList } from "./segment-list.ts";
import { inspectState, openForReading, removeState } from "./state-file.ts";

/** What belongs to one workspace on one machine and does not travel. */
const PRIVATE_META = ["workspace", "writer", "suspect"] as const;

/**
 * Writes a compact copy of the state: one file, without chats, workspace and lock, which any workspace can take.
 * Throws `ExportTargetExistsError`, `DiskFullError`, `StateNotWritableError`.
 */
export function exportState(db: DatabaseSync, target: string): void {
  if (existsSync(target)) throw new ExportTargetExistsError(target);
  try {
    db.prepare("VACUUM INTO ?").run(target);
    const copy = new DatabaseSync(target);
    try {
      copy.exec("PRAGMA secure_delete = ON; BEGIN; DELETE FROM chats");
      for (const key of PRIVATE_META) writeMeta(copy, key, undefined);
      copy.exec("COMMIT; VACUUM");
    } finally {
      copy.close();
    }
  } catch (error) {
    removeState(target);
    throw toStateError(error, target);
  }
}

/**
 * Makes a checked copy of `source` at `target`, bound to a workspace, with the chats of `chatsFrom`.
 * Throws `ImportRefusedError` with the reason, or `StateFromNewerVersionError`.
 */
export function stageImport(
  source: string,
  target: string,
  identity: StateIdentity,
  workspaceId: string,
  chatsFrom: string,
): void {
  refuseUnusable(source, identity);
  removeState(target);
  try {
    const original = openForReading(source);
    try {
      checkContents(original, source);
      original.prepare("VACUUM INTO ?").run(target);
    } finally {
      original.close();
    }
    const copy = new DatabaseSync(target);
    try {
      copyChats(chatsFrom, copy);
      for (const key of PRIVATE_META) writeMeta(copy, key, undefined);
      writeMeta(copy, "workspace", workspaceId);
    } finally {
      copy.close();
    }
  } catch (error) {
    removeState(target);
    throw toStateError(error, target);
  }
}

function refuseUnusable(source: string, identity: StateIdentity): void {
  const found = inspectSource(source, identity);
  switch (found.kind) {
    case "usable":
      return;
    case "absent":
      throw new ImportRefusedError(source, "there is no such file, or it is empty");
    case "outdated":
      throw new ImportRefusedError(
        source,
        "it was made with another model, layout or format; export it again with this one",
      );
    case "newer":
      throw new StateFromNewerVersionError(source, found.format, FORMAT_VERSION);
    case "not-ours":
      throw new ImportRefusedError(source, "it is another program's database");
    case "corrupt":
      throw new ImportRefusedError(source, `it is damaged (${found.reason}); export it again`);
  }
}

function inspectSource(source: string, identity: StateIdentity): ReturnType<typeof inspectState> {
  try {
    return inspectState(source, identity);
  } catch (error) {
    if (error instanceof ArmtError) throw new ImportRefusedError(source, "it cannot be read", error);
    throw error;
  }
}

function checkContents(db: DatabaseSync, source: string): void {
  const damaged = new ImportRefusedError(source, "a checksum does not match; export it again");
  try {
    for (const row of db.prepare("SELECT crc, state FROM shards").iterate()) {
      if (checksum(blobOf(row, "state")) !== numberOf(row, "crc")) throw damaged;
    }
    for (const row of db.prepare("SELECT crc, data FROM log").iterate()) {
      if (checksum(blobOf(row, "data")) !== numberOf(row, "crc")) throw damaged;
    }
    for (const row of db.prepare("SELECT list FROM files").iterate()) decodeList(blobOf(row, "list"));
  } catch (error) {
    throw error instanceof MalformedRowError ? damaged : error;
  }
}
