/**
 * `npm run -s demo`: indexes a real repository that `npm ci` has brought (amqplib, a client of message brokers, a
 * development dependency pinned for this) and asks three questions about it, by the same commands that a user would type.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const workspace = join("node_modules", "amqplib");
const questions = [
  "What is the default maximum delay before a reconnection attempt?",
  "What is the default frameMax?",
  "Where is the heartbeat timeout raised as an error?",
];

if (!existsSync(join(root, workspace))) {
  process.stderr.write('The demo\'s repository is a development dependency. Run "npm ci" first.\n');
  process.exit(1);
}
armt("index", workspace);
for (const question of questions) armt("ask", workspace, question);

/** Shows a command as it would be typed, and runs it. */
function armt(...args) {
  const typed = args.map((arg) => (arg.includes(" ") ? `"${arg}"` : arg)).join(" ");
  process.stdout.write(`\n$ armt ${typed}\n`);
  const { status, signal } = spawnSync(process.execPath, [join("src", "cli", "launch.mjs"), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  // "Not found" (3) is an answer too.
  if (signal !== null || (status !== 0 && status !== 3)) process.exit(status ?? 1);
}
