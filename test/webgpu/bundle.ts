import { createHash } from "node:crypto";
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DEFAULT_MODEL } from "../../src/engine/service.ts";

/** The product's bundle in `folder`, with other graphs for the CPU (`int8`) and for GPUs (`fp16`). */
export function bundleWith(folder: string, graphs: { readonly int8: string; readonly fp16: string }): string {
  cpSync(DEFAULT_MODEL, folder, { recursive: true });
  const file = join(folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as {
    modelHash: string;
    files: Record<string, { path: string; bytes: number; sha256: string }>;
  };
  for (const [role, graph] of Object.entries(graphs)) {
    const bytes = readFileSync(graph);
    copyFileSync(graph, join(folder, basename(graph)));
    config.files[role] = { path: basename(graph), bytes: bytes.length, sha256: sha256(bytes) };
  }
  const roles = Object.keys(config.files).sort();
  config.modelHash = sha256(roles.map((role) => `${role} ${config.files[role]?.sha256}\n`).join(""));
  writeFileSync(file, JSON.stringify(config));
  return folder;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
