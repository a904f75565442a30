import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, say } from "../vscode/cache.ts";

/** There is no software Vulkan here, and it cannot be fetched; says why. */
export class VulkanMissingError extends Error {
  constructor(reason: string) {
    super(
      `The tests of the GPU path need Mesa's software Vulkan (lavapipe) ${MESA} or newer: ${reason}. They run on Debian ` +
        "and Ubuntu (x64) with access to their packages.",
    );
  }
}

/** Before it, onnxruntime's WebGPU finds no adapter. */
const MESA = 25;
const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"];
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Environment of a process whose only Vulkan device is lavapipe. The packages are fetched once with this system's own
 * apt and unpacked in the tests' cache folder: nothing is installed, and nothing needs root. Throws `VulkanMissingError`.
 */
export function softwareVulkan(): Record<string, string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new VulkanMissingError(`there is none for ${process.platform}-${process.arch}`);
  }
  const folder = join(cacheFolder(), `vulkan-${codename()}`);
  if (!existsSync(join(folder, DRIVER))) fetch(folder);
  const driver = join(folder, DRIVER);
  return {
    LD_LIBRARY_PATH: join(folder, LIBRARIES),
    // Loaders before 1.3.207 know only the second one.
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
    MESA_SHADER_CACHE_DIR: join(folder, "shaders"),
  };
}

const LIBRARIES = "usr/lib/x86_64-linux-gnu";
/** Written last: where it stands, all is there. */
const DRIVER = "lavapipe.json";

function codename(): string {
  let text = "";
  try {
    text = readFileSync("/etc/os-release", "utf8");
  } catch {
    // no such file: no such system
  }
  const name = /^VERSION_CODENAME=(\w+)$/mu.exec(text)?.[1];
  if (name === undefined || !existsSync("/usr/bin/apt-get")) throw new VulkanMissingError("this system has no apt");
  return name;
}

function fetch(folder: string): void {
  say("Fetching software Vulkan for the tests of the GPU path (apt-get download) …");
  const [system, work] = [codename(), `${folder}.${process.pid}`];
  const [lists, archives] = [join(work, "lists"), join(work, "archives")];
  for (const made of [lists, archives]) mkdirSync(join(made, "partial"), { recursive: true });
  try {
    writeFileSync(join(work, "sources.list"), sources(system));
    const options = {
      "Dir::Etc::sourcelist": join(work, "sources.list"),
      "Dir::Etc::sourceparts": "-",
      "Dir::State::lists": lists,
      "Dir::Cache": work,
      "Dir::Cache::archives": archives,
      // Nothing of the system is changed, so no lock of it is needed.
      "Debug::NoLocking": "true",
      ...(process.getuid?.() === 0 ? { "APT::Sandbox::User": "root" } : {}),
    };
    const apt = (...args: readonly string[]) =>
      execFileSync(
        "apt-get",
        [...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]), ...args],
        {
          env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
          stdio: ["ignore", "ignore", "inherit"],
        },
      );
    apt("update", "-qq");
    const newest = system === "bookworm" ? ["-t", `${system}-backports`] : [];
    // What the packages need and the system has not comes along.
    apt("install", "-yqq", "--download-only", "--reinstall", "--no-install-recommends", ...newest, ...PACKAGES);
    unpack(archives, work);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    const library = join(folder, LIBRARIES, "libvulkan_lvp.so");
    const manifest = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.4.0" } };
    writeFileSync(join(folder, DRIVER), JSON.stringify(manifest));
  } catch (error) {
    if (error instanceof VulkanMissingError) throw error;
    throw new VulkanMissingError(`its packages cannot be had (${error instanceof Error ? error.message : error})`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The system's own mirrors; for Debian 12 its backports beside, since its Mesa is too old. */
function sources(system: string): string {
  // Lists them where none was ever fetched, too.
  const uris = execFileSync("apt-get", ["update", "--print-uris", "-o", "Debug::NoLocking=true"], {
    encoding: "utf8",
  });
  const entries = new Set<string>();
  const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
  for (const [, uri, release = "", component] of uris.matchAll(PACKAGE_LIST)) {
    if (release !== system && !release.startsWith(`${system}-`)) continue;
    entries.add(`deb ${signed}${uri} ${release} ${component}`);
    if (system === "bookworm" && release === system) entries.add(`deb ${signed}${uri} ${system}-backports main`);
  }
  if (entries.size === 0) throw new VulkanMissingError("apt knows no mirror of this system");
  return `${[...entries].join("\n")}\n`;
}

/** URI, release and component. */
const PACKAGE_LIST = /^'(\S+?)\/dists\/([^/\s]+)\/([^/\s]+)\/binary-amd64\//gmu;

function unpack(archives: string, into: string): void {
  const packages = readdirSync(archives).filter((name) => name.endsWith(".deb"));
  const drivers = packages.find((name) => name.startsWith("mesa-vulkan-drivers_"));
  const version = Number.parseInt(drivers?.split("_")[1] ?? "0", 10);
  if (version < MESA) throw new VulkanMissingError(`this system's is Mesa ${version}`);
  for (const name of packages) execFileSync("dpkg", ["-x", join(archives, name), into]);
  for (const left of [archives, join(into, "lists"), join(into, "usr/share/doc")]) {
    rmSync(left, { recursive: true, force: true });
  }
}
