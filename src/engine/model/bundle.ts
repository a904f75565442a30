import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ANSWER_KINDS, type TrustWeights } from "../answer/compose.ts";
import { ArmtError, CancelledError } from "../errors.ts";
import type { FactsLayout, MemoryDims } from "../memory/layout.ts";
import type { Calibration } from "./calibration.ts";

/** `format` of config.json that this engine reads. */
export const BUNDLE_FORMAT = 1;

/** The bundle cannot be used as it is; says what to do. */
export class BundleError extends ArmtError {
  constructor(code: string, folder: string, reason: string, cause?: unknown) {
    super(code, `The model in ${folder} cannot be used: ${reason}.`, { cause });
  }
}

/** There is no bundle in the folder. */
export class BundleMissingError extends BundleError {
  constructor(folder: string, file: string, cause?: unknown) {
    super("model-missing", folder, `${file} is missing. Reinstall ARMT, or name a bundle's folder with --model`, cause);
  }
}

/** `config.json` is not what this engine reads. */
export class BundleConfigError extends BundleError {
  constructor(folder: string, reason: string, cause?: unknown) {
    super("model-config", folder, `config.json ${reason}. Restore the bundle, or name another one with --model`, cause);
  }
}

/** The bundle was made for another version of the engine. */
export class BundleVersionError extends BundleError {
  constructor(folder: string, format: number) {
    const next = format > BUNDLE_FORMAT ? "Update ARMT" : "Export the model again with models/training/export.py";
    super("model-version", folder, `it has format ${format}, and this version reads ${BUNDLE_FORMAT}. ${next}`);
  }
}

/** A file of the bundle is not the one that its `config.json` describes. */
export class BundleDamagedError extends BundleError {
  constructor(folder: string, file: string) {
    super("model-damaged", folder, `${file} differs from the hash in config.json. Restore the file or reinstall ARMT`);
  }
}

/** A model bundle: `models/<name>/`. */
export interface Bundle {
  readonly folder: string;
  readonly name: string;
  /** Identity of the model: states made with another one cannot be used. */
  readonly hash: string;
  readonly tokenizerFile: string;
  /** The graph with float16 weights is for GPUs: packages for systems without a GPU provider leave it out. */
  readonly graphs: {
    readonly int8: string;
    readonly fp16?: string;
    /** Keys and β alone, for streams; shares its weights with `int8`. Only in bundles made for long streams. */
    readonly write?: string;
  };
  /** Identity of what writes: SHA-256 over the hashes of the files that do. */
  readonly writerHash: string;
  /** Sizes of the reader memory's state. */
  readonly dims: { readonly stateLayers: number; readonly stateKeys: number; readonly stateValues: number };
  /** Sizes of the workspace memory. */
  readonly memoryDims: MemoryDims;
  readonly factsLayout: Partial<FactsLayout>;
  readonly limits: { readonly segmentTokens: number; readonly questionTokens: number; readonly anchors: number };
  readonly tokenKinds: { readonly question: number; readonly code: number; readonly memory: number };
  readonly specialTokens: { readonly pad: number; readonly cls: number; readonly sep: number };
  readonly memoryTokenIds: readonly number[];
  /** Tokens of punctuation: what is indexed goes without them. Empty in bundles that were trained with them. */
  readonly markIds: ReadonlySet<number>;
  readonly calibration: Calibration;
}

/** What a bundle's files are for, sorted. */
const ROLES = ["fp16", "int8", "lower", "tokenizer", "upper", "write"] as const;
/** Of these, what each bundle has. */
const NEEDED: readonly string[] = ["int8", "tokenizer"];
export type BundleRole = (typeof ROLES)[number];

/** Width of the address codes in the workspace memory, V. */
const VALUE_WIDTH = 32;

/** Loads and checks a bundle: config, presence and sizes of its files. `verifyBundle` checks the hashes too. */
export async function loadBundle(folder: string): Promise<Bundle> {
  const root = resolve(folder);
  const config = readConfig(root);
  const files = config.object("files");
  const optionalFile = async (role: string): Promise<string | undefined> => {
    const entry = files.object(role);
    const name = entry.string("path");
    if (basename(name) !== name) throw new BundleConfigError(root, `names a file outside the bundle (${name})`);
    const path = join(root, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    if (found.size !== entry.number("bytes")) throw new BundleDamagedError(root, name);
    return path;
  };
  const file = async (role: string): Promise<string> => {
    const path = await optionalFile(role);
    if (path === undefined) throw new BundleMissingError(root, files.object(role).string("path"));
    return path;
  };
  if (modelHash(files) !== config.string("modelHash"))
    throw new BundleConfigError(root, "names hashes that do not fit");
  if (config.strings("answerKinds").join() !== ANSWER_KINDS.join()) {
    throw new BundleConfigError(root, `has other answerKinds than this version of ARMT (${ANSWER_KINDS.join(", ")})`);
  }
  const fp16 = files.has("fp16") ? await optionalFile("fp16") : undefined;
  const write = files.has("write") ? await file("write") : undefined;
  // Weights outside of the graphs: those that writing needs too, and the others.
  for (const role of ["lower", "upper"]) if (files.has(role)) await file(role);
  const dims = config.object("dims");
  const limits = config.object("limits");
  const kinds = config.object("tokenKinds");
  const special = config.object("specialTokens");
  return {
    folder: root,
    name: config.string("name"),
    hash: config.string("modelHash"),
    writerHash: modelHash(files, write === undefined ? ["int8"] : ["lower", "write"]),
    tokenizerFile: await file("tokenizer"),
    graphs: {
      int8: await file("int8"),
      ...(fp16 === undefined ? {} : { fp16 }),
      ...(write === undefined ? {} : { write }),
    },
    dims: {
      stateLayers: dims.number("stateLayers"),
      stateKeys: dims.number("stateKeys"),
      stateValues: dims.number("stateValues"),
    },
    memoryDims: {
      dMem: dims.number("keyWidth"),
      nu: dims.number("nu"),
      valueWidth: VALUE_WIDTH,
      gistWidth: dims.number("gistWidth"),
    },
    factsLayout: {},
    limits: {
      segmentTokens: limits.number("segmentTokens"),
      questionTokens: limits.number("questionTokens"),
      anchors: limits.number("anchors"),
    },
    tokenKinds: { question: kinds.number("question"), code: kinds.number("code"), memory: kinds.number("memory") },
    specialTokens: { pad: special.number("pad"), cls: special.number("cls"), sep: special.number("sep") },
    memoryTokenIds: config.numbers("memoryTokenIds"),
    markIds: new Set(config.has("markTokenIds") ? config.numbers("markTokenIds") : []),
    calibration: readCalibration(config.object("calibration")),
  };
}

/** Checks every file of a bundle against its hash. Throws `BundleDamagedError` or `BundleMissingError`. */
export async function verifyBundle(bundle: Bundle, signal?: AbortSignal): Promise<void> {
  const files = readConfig(bundle.folder).object("files");
  for (const role of ROLES) {
    if (role === "fp16" && bundle.graphs.fp16 === undefined) continue;
    if (NEEDED.includes(role) || files.has(role)) await verifyFile(bundle.folder, role, signal);
  }
}

/** Checks one file of the bundle in `folder` against its hash. Throws `BundleDamagedError` or `BundleMissingError`. */
export async function verifyFile(folder: string, role: BundleRole, signal?: AbortSignal): Promise<void> {
  const entry = readConfig(folder).object("files").object(role);
  const name = entry.string("path");
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(join(folder, name)), hash, signal ? { signal } : {});
  } catch (error) {
    if (signal?.aborted) throw new CancelledError();
    throw new BundleMissingError(folder, name, error);
  }
  if (hash.digest("hex") !== entry.string("sha256")) throw new BundleDamagedError(folder, name);
}

/** Identity of a model: SHA-256 over "role hash" lines, sorted by role (`model_hash` in `models/training/export.py`). */
function modelHash(files: Fields, roles: readonly BundleRole[] = ROLES): string {
  const hash = createHash("sha256");
  for (const role of roles) {
    if (NEEDED.includes(role) || files.has(role)) hash.update(`${role} ${files.object(role).string("sha256")}\n`);
  }
  return hash.digest("hex");
}

function readConfig(folder: string): Fields {
  let text: string;
  try {
    text = readFileSync(join(folder, "config.json"), "utf8");
  } catch {
    throw new BundleMissingError(folder, "config.json");
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BundleConfigError(folder, "is not valid JSON", error);
  }
  const fields = new Fields(folder, "", json);
  const format = fields.number("format");
  if (format !== BUNDLE_FORMAT) throw new BundleVersionError(folder, format);
  return fields;
}

function readCalibration(fields: Fields): Calibration {
  const fusion = fields.object("fusion");
  const answer = fields.object("answer");
  const support = answer.object("support");
  const holder = answer.object("holder");
  const trust = (fields: Fields): TrustWeights => ({
    bias: fields.number("bias"),
    support: fields.number("support"),
    span: fields.number("span"),
    none: fields.number("none"),
  });
  return {
    fusion: { gist: fusion.number("gist"), memory: fusion.number("memory"), lexical: fusion.number("lexical") },
    places: fields.number("places"),
    aboutTermWeight: fields.number("aboutTermWeight"),
    answer: {
      support: {
        bias: support.number("bias"),
        relevance: support.number("relevance"),
        prior: support.number("prior"),
      },
      holder: { support: holder.number("support"), span: holder.number("span"), logit: holder.number("logit") },
      confidence: trust(answer.object("confidence")),
      absence: trust(answer.object("absence")),
      abstainAbove: answer.number("abstainAbove"),
      listShare: answer.number("listShare"),
    },
    citations: fields.number("citations"),
  };
}

/** Typed access to parsed JSON: a field that is missing or of another type is an error that names it. */
class Fields {
  readonly #folder: string;
  readonly #path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(folder: string, path: string, value: unknown) {
    this.#folder = folder;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.#fail(path || "the file", "object");
    this.#value = { ...value };
  }

  has(name: string): boolean {
    return name in this.#value;
  }

  object(name: string): Fields {
    return new Fields(this.#folder, this.#name(name), this.#value[name]);
  }

  string(name: string): string {
    const value = this.#value[name];
    return typeof value === "string" ? value : this.#fail(this.#name(name), "string");
  }

  number(name: string): number {
    const value = this.#value[name];
    return typeof value === "number" && Number.isFinite(value) ? value : this.#fail(this.#name(name), "number");
  }

  numbers(name: string): number[] {
    const value = this.#value[name];
    if (!Array.isArray(value)) return this.#fail(this.#name(name), "list of numbers");
    return value.map((item: unknown) => (typeof item === "number" ? item : this.#fail(this.#name(name), "number")));
  }

  strings(name: string): string[] {
    const value = this.#value[name];
    if (!Array.isArray(value)) return this.#fail(this.#name(name), "list of strings");
    return value.map((item: unknown) => (typeof item === "string" ? item : this.#fail(this.#name(name), "string")));
  }

  #name(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  #fail(name: string, type: string): never {
    throw new BundleConfigError(this.#folder, `has no ${type} "${name}"`);
  }
}
