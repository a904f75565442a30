import { appendFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { amqplib, commit, emptyWorkspace, git, repositoryOf, writeIn } from "../vscode/workspaces.ts";

/** A suite that runs in a window of its own. */
export interface Suite {
  /** Its module is suites/<name>.ts. */
  readonly name: string;
  /** Makes what the window opens: a folder or a workspace file, in a temporary folder of its own. */
  readonly workspace: () => string;
  /** The user's settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The user has not said that the workspace is to be trusted. */
  readonly untrusted?: boolean;
}

const ALWAYS = { "armt.autostart": "always" };
/** VS Code's own git would read files as well. */
const NO_GIT = { "git.enabled": false };

export const SUITES: readonly Suite[] = [
  { name: "first-use", workspace: withSecrets, settings: NO_GIT },
  { name: "changes", workspace: twoCommits, settings: ALWAYS },
  { name: "folders", workspace: twoFolders, settings: ALWAYS },
  {
    name: "untrusted",
    workspace: twoCommits,
    settings: { ...ALWAYS, "security.workspace.trust.startupPrompt": "never" },
    untrusted: true,
  },
  { name: "crashes", workspace: amqplib, settings: ALWAYS },
  { name: "large", workspace: large },
];

function withSecrets(): string {
  const folder = amqplib();
  writeFileSync(join(folder, ".env"), "BROKER_PASSWORD=hunter2-of-the-broker\n");
  return folder;
}

const LIGHTHOUSES = `# Lighthouses\n\nThe tallest lighthouse is painted white.\n\n${"It stands on a rock in the sea.\n".repeat(60)}`;

/** A few files; the branch "fast" has another value in one of them. */
function twoCommits(): string {
  const folder = emptyWorkspace("jobs");
  const leases = (seconds: number) =>
    `// How long a worker may hold a job.\nexport const LEASE_TIMEOUT_SECONDS = ${seconds};\n`;
  writeIn(folder, "src/leases.ts", leases(5));
  writeIn(folder, "src/queue.ts", 'export const QUEUE_NAME = "jobs";\nexport function enqueue(job) { return job; }\n');
  writeIn(folder, "docs/lighthouses.md", LIGHTHOUSES);
  commit(folder);
  git(folder, "branch", "fast");
  writeIn(folder, "src/leases.ts", leases(30));
  commit(folder);
  return folder;
}

/** Folders "north" and "south" of a workspace file, and "east" beside them. */
function twoFolders(): string {
  const parent = emptyWorkspace("coast");
  writeIn(parent, "north/harbour.ts", "/** Where the harbour server listens. */\nexport const HARBOUR_PORT = 7331;\n");
  writeIn(parent, "north/pier.ts", "export function moor(ship) { return ship; }\n");
  writeIn(parent, "north/notes.md", "Ships moor in the north.\n");
  writeIn(parent, "north/.vscode/settings.json", JSON.stringify({ "armt.exclude": ["notes.md", ".vscode/"] }));
  writeIn(parent, "south/diving.ts", "/** Nobody dives deeper. */\nexport const MAX_DIVE_METRES = 42;\n");
  writeIn(parent, "south/notes.md", "Divers swim in the south.\n");
  writeIn(parent, "east/ferry.ts", "/** How many sails the ferry has. */\nexport const FERRY_SAILS = 19;\n");
  const file = join(parent, "coast.code-workspace");
  writeFileSync(file, JSON.stringify({ folders: [{ path: "north" }, { path: "south" }] }));
  return file;
}

/** Packages side by side, some 2,700 files; on the branch "changed" each has another last line. */
function large(): string {
  const folder = repositoryOf("zod", "highlight.js", "ajv", "hono");
  git(folder, "checkout", "--quiet", "-b", "changed");
  const scripts = git(folder, "ls-files", "-z", "*.js", "*.ts").split("\0");
  for (const file of scripts.filter((each) => each !== "")) appendFileSync(join(folder, file), "\n// changed\n");
  commit(folder);
  git(folder, "checkout", "--quiet", "main");
  return folder;
}

/** What to remove when a workspace is done with. */
export function temporaryFolderOf(workspace: string): string {
  return workspace.endsWith(".code-workspace") ? dirname(dirname(workspace)) : dirname(workspace);
}
