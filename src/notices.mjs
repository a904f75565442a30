import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the package that a path lies in; the innermost one where packages lie in packages. */
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const LICENSE = /^(licen[cs]e|notice)([.-].*)?$/i;

/**
 * The names, versions and licences of the npm packages that `paths` (relative to `root`) come from.
 * @param {string} root
 * @param {readonly string[]} paths
 */
export function notices(root, paths) {
  const folders = new Set(paths.flatMap((path) => PACKAGE.exec(path) ?? []));
  const parts = [...folders].sort().map((folder) => notice(join(root, folder)));
  return `${["ARMT contains the following software.", ...parts].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/** @param {string} folder */
function notice(folder) {
  const { name, version, license, homepage, repository } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const source = homepage ?? repository?.url ?? repository ?? "";
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => LICENSE.test(file)) : [];
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version}\n${license}\n${source}`.trim(), ...texts].join("\n\n");
}
