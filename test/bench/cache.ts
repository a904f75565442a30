import { homedir } from "node:os";
import { join } from "node:path";

/** `armt-bench` in the user's cache folder: sources, embeddings, journals. */
export function defaultCache(): string {
  const { LOCALAPPDATA: local, XDG_CACHE_HOME: xdg } = process.env;
  if (process.platform === "win32") return join(local ?? join(homedir(), "AppData", "Local"), "armt-bench");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "armt-bench");
  return join(xdg ?? join(homedir(), ".cache"), "armt-bench");
}
