import path from "node:path";

/** Why a file is not indexed. `excluded`: by .armtignore or the settings; `link`: its target is indexed itself. */
export type SkipReason =
  | "secret"
  | "binary"
  | "minified"
  | "generated"
  | "too-large"
  | "empty"
  | "excluded"
  | "link"
  | "outside"
  | "special"
  | "unreadable";

/** Folders that never hold a project's own source. */
const IGNORED_FOLDERS = new Set(
  (
    ".git .hg .svn .jj CVS node_modules bower_components __pycache__ .venv .tox .nox .mypy_cache .pytest_cache " +
    ".ruff_cache .gradle .terraform .vscode-test .armt"
  ).split(" "),
);

/** All patterns take a time linear in the name: a workspace that was delivered chooses it. */
const SECRET_NAMES = [
  /^\.env(?:rc)?(?:[._-]|$)/,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|p8|gpg)$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /^(?:\.npmrc|\.yarnrc\.yml|\.netrc|_netrc|\.pypirc|\.htpasswd|\.pgpass|\.my\.cnf|\.git-credentials|\.dockercfg|\.s3cfg)$/,
  /^\.?vault[._-]?(?:pass(?:word)?|token)(?:\.txt)?$/,
  /^kubeconfig(?:[_-][\w-]*)?$|\.kubeconfig$/,
  /\.tfstate(?:\.|$)/,
  // `credentials.go` and `secrets.py` are source code; their data counterparts are not.
  /^(?:credentials?|secrets?)(?:[._-][\w.-]*)?$(?<!\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kt|php|c|h|cc|cpp|hpp|cs|swift|scala|ex|exs|hs|pm|pl|lua|md|rst|html|css|vue|svelte|sh))/,
];
const SECRET_PATHS = /(?:^|\/)(?:\.aws|\.ssh|\.gnupg|\.kube)\/|(?:^|\/)\.docker\/config\.json$/;
const NOT_SECRET = /^\.env(?:rc)?[._-](?:example|sample|template|dist|defaults)$/;

/** Secrets by a word and the kind of data, unless another word says that it is made up. */
const SECRET_DATA: readonly (readonly [word: RegExp, kind: RegExp])[] = [
  [
    /(?:^|[._-])(?:credentials?|secrets?|kubeconfig)[._-]/,
    /\.(?:jsonc?|ya?ml|toml|ini|cfg|conf|properties|txt|xml|csv|plist)$/,
  ],
  // Of the same name, but in YAML: Kubernetes' accounts, which hold no key.
  [/(?:^|[._-])(?:service[._-]?account(?:[._-]?key)?|firebase-adminsdk)[._-]/, /\.json$/],
  [/^/, /\.(?:env|tfvars|tfvars\.json)$/],
];
const MADE_UP = /(?:^|[._-])(?:example|sample|template|dist|defaults)[._-]/;
const PRIVATE_KEY = /^-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[ \t\r]*$/m;

const GENERATED_NAMES = new Set(
  (
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock cargo.lock " +
    "poetry.lock uv.lock pipfile.lock pdm.lock gemfile.lock composer.lock go.sum go.work.sum mix.lock flake.lock " +
    "podfile.lock packages.lock.json pubspec.lock"
  ).split(" "),
);

const BINARY_EXTENSIONS = new Set(
  (
    "png jpg jpeg gif bmp ico icns webp avif tif tiff psd ai eps pdf doc docx xls xlsx ppt pptx odt ods odp rtf " +
    "zip gz tgz bz2 xz zst lz4 7z rar tar jar war ear whl egg deb rpm dmg iso img apk ipa vsix nupkg crx " +
    "exe dll so dylib a o obj lib pdb class pyc pyo wasm node bin dat elc beam " +
    "mp3 mp4 m4a m4v wav flac ogg oga ogv webm avi mov mkv ttf otf woff woff2 eot " +
    "sqlite sqlite3 db mdb parquet arrow npy npz pkl pickle pt pth onnx safetensors gguf h5 hdf5 tflite pb mo " +
    "der keychain swp lock"
  ).split(" "),
);

/** Text in which a paragraph is one long line. */
const PROSE = /\.(?:md|mdx|markdown|txt|rst|adoc|tex|org|csv|tsv)$/i;
const SAMPLE = 65_536;
/** Average characters in a line from which a file was not written by hand. */
const MINIFIED_LINE = 500;
const BINARY_SAMPLE = 8_192;
const KEY_SAMPLE = 8_192;

/** On disks that do not tell case apart, `.GIT` is `.git` too. */
export function isIgnoredFolder(name: string): boolean {
  return IGNORED_FOLDERS.has(name) || IGNORED_FOLDERS.has(name.toLowerCase());
}

/** What the path alone (relative, forward slashes) says against a file, if anything. */
export function reasonByName(file: string): SkipReason | undefined {
  const base = path.posix.basename(file).toLowerCase();
  if (isSecret(file.toLowerCase(), base)) return "secret";
  if (GENERATED_NAMES.has(base) || /\.(?:js|mjs|cjs|css)\.map$/.test(base)) return "generated";
  if (/[.-]min\.(?:js|mjs|cjs|css|html)$/.test(base)) return "minified";
  const extension = path.posix.extname(base).slice(1);
  if (extension === "lock") return "generated";
  return BINARY_EXTENSIONS.has(extension) ? "binary" : undefined;
}

function isSecret(file: string, base: string): boolean {
  if (NOT_SECRET.test(base)) return false;
  if (SECRET_PATHS.test(file) || SECRET_NAMES.some((pattern) => pattern.test(base))) return true;
  return !MADE_UP.test(base) && SECRET_DATA.some(([word, kind]) => word.test(base) && kind.test(base));
}

/**
 * What the content says against a file, judged by its first 64 KiB at most. A NUL in the first 8 KiB is binary, unless
 * a byte-order mark says UTF-16.
 */
export function reasonByContent(file: string, bytes: Uint8Array): SkipReason | undefined {
  if (bytes.length === 0) return "empty";
  if (isKeyFile(bytes)) return "secret";
  const utf16 = hasUtf16Mark(bytes);
  if (!utf16 && bytes.subarray(0, BINARY_SAMPLE).includes(0)) return "binary";
  const sample = bytes.subarray(0, SAMPLE);
  if (sample.length < BINARY_SAMPLE || PROSE.test(file)) return undefined;
  let lines = 1;
  for (let at = sample.indexOf(10); at >= 0; at = sample.indexOf(10, at + 1)) lines++;
  return sample.length / (utf16 ? 2 : 1) / lines > MINIFIED_LINE ? "minified" : undefined;
}

/** Begins as PEM does, with a key among its first blocks; code that only tells of keys begins with something else. */
function isKeyFile(bytes: Uint8Array): boolean {
  const beginning = Buffer.from(bytes.subarray(0, KEY_SAMPLE)).toString("latin1");
  // Without the byte-order marks, and UTF-16 without its zeros.
  const text = beginning.replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, "").replaceAll("\0", "");
  return text.trimStart().startsWith("-----BEGIN ") && PRIVATE_KEY.test(text);
}

export function hasUtf16Mark(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}
