/** Lints the training code with ruff where it is installed: building and running ARMT needs no Python. */
import { spawnSync } from "node:child_process";

const ruff = (...args) => spawnSync("ruff", args, { stdio: ["ignore", "inherit", "inherit"] });
const present = spawnSync("ruff", ["--version"], { stdio: "ignore" }).status === 0;
if (present) {
  const failed = [ruff("check", "models/training"), ruff("format", "--check", "models/training")].some(
    (run) => run.status !== 0,
  );
  process.exitCode = failed ? 1 : 0;
} else {
  process.stdout.write("ruff is not installed: the Python in models/training was not linted.\n");
}
