/** Loaded into a command by NODE_OPTIONS: writes down at its end what processor time it took and what it loaded. */
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  const native = process.report.getReport().sharedObjects.filter((file) => file.includes("node_modules"));
  writeFileSync(process.env["ARMT_TEST_COST"] ?? "", JSON.stringify({ cpuMs: (user + system) / 1000, native }));
});
