/** Lints the training code with ruff where it is installed: building and running ARMT needs no Python. */
import { spawnSync } from "node:child_process";

const present = spawnSync("ruff", ["--version"], { stdio: "ignore" }).status === 0;
if (present) process.exitCode = spawnSync("ruff", ["check", "models/training"], { stdio: "inherit" }).status ?? 1;
else process.stdout.write("ruff is not installed: the Python in models/training was not linted.\n");
