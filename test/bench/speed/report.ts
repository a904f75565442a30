import type { Header } from "../header.ts";

/** One size of the workspace, which grows from row to row. */
export interface SizeRow {
  /** Streamed until then, headers included. */
  readonly tokens: number;
  readonly bytes: number;
  readonly files: number;
  readonly segments: number;
  /** Of what was added since the last size: from files on disk to a state at rest. */
  readonly index: {
    readonly megabytesPerSecond: number;
    readonly tokensPerSecond: number;
    readonly microsecondsPerToken: number;
    readonly millisecondsPerSegment: number;
    readonly processorMicrosecondsPerToken: number;
    /** Processor time for each megabyte of source, in seconds. */
    readonly processorSecondsPerMegabyte: number;
  };
  /** Milliseconds of processors. */
  readonly askProcessorMs: { readonly p50: number; readonly p95: number };
  readonly askMs: { readonly p50: number; readonly p95: number; readonly questions: number };
  /** From a file written to its content known, and to the answer that cites it; only rounds that did count. */
  readonly saveMs: { readonly known: number; readonly answered: number; readonly rounds: number };
  /** MiB of the engine and its encoders: while indexing, and with questions and saves. */
  readonly peakMb: { readonly index: number; readonly all: number };
  readonly stateBytesPerSourceByte: number;
  /** Read and written by the process, questions and saves included, for each byte added. */
  readonly readBytesPerSourceByte: number;
  readonly writtenBytesPerSourceByte: number;
}

/** A peer beside the first size's index run. */
export type SystemRow =
  | {
      readonly name: string;
      readonly megabytesPerSecond: number;
      readonly tokensPerSecond: number;
      readonly processorSecondsPerMegabyte: number;
      /** By time, and by the time that processors were used: the latter holds on a machine with other work too. */
      readonly productTimesFaster: number;
      readonly productTimesCheaper: number;
    }
  | { readonly name: string; readonly unavailable: string };

export interface SpeedReport extends Omit<Header, "set" | "setSha256"> {
  readonly quick: boolean;
  readonly sizes: readonly SizeRow[];
  readonly systems: readonly SystemRow[];
  /** Steps of one full segment at places of an endless stream: median, and mean of the processor time. */
  readonly steps: readonly { readonly at: number; readonly ms: number; readonly processorMs: number }[];
  /**
   * 10⁹ operations a second: bare int8 products on all processors, and those of the index run; and the same for each second
   * of a processor.
   */
  readonly products: {
    readonly gops: number;
    readonly indexGops: number;
    readonly share: number;
    readonly gopsPerProcessor: number;
    readonly indexGopsPerProcessor: number;
    readonly shareByProcessorTime: number;
  } | null;
}

/** The report as Markdown tables. */
export function table(report: SpeedReport): string {
  const { commit, modelHash, machine, node, sizes, systems, steps, products } = report;
  const parts = [`commit ${commit.slice(0, 12)}, model ${modelHash.slice(0, 12)}, ${machine}, Node ${node}`];
  const [first] = sizes;
  if (first !== undefined) {
    const speed = (
      one: Pick<SizeRow["index"], "megabytesPerSecond" | "tokensPerSecond" | "processorSecondsPerMegabyte">,
    ) => [fixed(one.megabytesPerSecond, 3), whole(one.tokensPerSecond), fixed(one.processorSecondsPerMegabyte, 1)];
    const peers = systems.map((row) =>
      "unavailable" in row
        ? [row.name, "–", "–", "–", row.unavailable, ""]
        : [row.name, ...speed(row), fixed(row.productTimesFaster, 2), fixed(row.productTimesCheaper, 2)],
    );
    const head = ["", "MB/s", "own tokens/s", "processor s/MB", "armt is faster by", "by processor time"];
    parts.push(markdown(head, [["armt index", ...speed(first.index), "", ""], ...peers]));
  }
  if (products !== null) {
    parts.push(
      `int8 products: ${whole(products.gops)} · 10⁹ operations a second bare, ${whole(products.indexGops)} in the index ` +
        `run: ${percent(products.share)}; by processor time ${percent(products.shareByProcessorTime)}`,
    );
  }
  const [from] = steps;
  const to = steps.at(-1);
  if (from !== undefined && to !== undefined) {
    parts.push(
      `step at segment ${from.at}: ${fixed(from.ms, 2)} ms, at ${to.at}: ${fixed(to.ms, 2)} ms, ${percent(to.ms / from.ms)}; ` +
        `by processor time ${percent(to.processorMs / from.processorMs)}`,
    );
  }
  const head = [
    "tokens",
    "MB",
    "index µs/token",
    "processor µs/token",
    "ask p50 ms",
    "p95 ms",
    "processor p95 ms",
    "saved: known ms",
    "answered ms",
    "peak MiB",
    "state B/B",
    "read B/B",
    "written B/B",
  ];
  const rows = sizes.map((row) => [
    whole(row.tokens),
    fixed(row.bytes / 1e6, 2),
    fixed(row.index.microsecondsPerToken, 1),
    fixed(row.index.processorMicrosecondsPerToken, 1),
    whole(row.askMs.p50),
    whole(row.askMs.p95),
    whole(row.askProcessorMs.p95),
    whole(row.saveMs.known),
    whole(row.saveMs.answered),
    whole(row.peakMb.all),
    fixed(row.stateBytesPerSourceByte, 2),
    fixed(row.readBytesPerSourceByte, 1),
    fixed(row.writtenBytesPerSourceByte, 1),
  ]);
  parts.push(markdown(head, rows));
  return parts.join("\n\n");
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
