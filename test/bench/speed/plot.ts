import type { SpeedReport } from "./report.ts";

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 20;
const TOP = 44;
const BOTTOM = 48;

/** One line of the plot: cost relative to its first point. */
interface Line {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/**
 * Cost against size as SVG, each line relative to its first point: indexing per token by the workspace's tokens, and a step
 * by the tokens that one endless stream has seen; in time of processors. The x axis is logarithmic.
 */
export function drawCost({ sizes, steps, machine, commit }: SpeedReport): string {
  const [size] = sizes;
  const [step] = steps;
  const perSegment = size === undefined ? 1 : size.tokens / size.segments;
  const lines: readonly Line[] = [
    {
      name: "index, processor time per token",
      colour: "#1f77b4",
      points: sizes.map((row) => ({
        x: row.tokens,
        y: row.index.processorMicrosecondsPerToken / (size?.index.processorMicrosecondsPerToken ?? 1),
      })),
    },
    {
      name: "step, processor time per segment of one endless memory",
      colour: "#d62728",
      points: steps.map(({ at, processorMs }) => ({ x: at * perSegment, y: processorMs / (step?.processorMs ?? 1) })),
    },
  ];
  const xs = lines.flatMap(({ points }) => points.map(({ x }) => Math.log10(x)));
  const [low, high] = [Math.floor(Math.min(...xs)), Math.ceil(Math.max(...xs))];
  const top = Math.max(1.5, ...lines.flatMap(({ points }) => points.map(({ y }) => y)));
  const px = (x: number) => LEFT + ((Math.log10(x) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number) => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM);
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    "<title>Cost against the number of tokens</title>",
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    band(px(10 ** low), px(10 ** high), py(1.1), py(0.9)),
  ];
  for (let power = low; power <= high; power++) {
    const x = px(10 ** power);
    out.push(
      `<line x1="${at(x)}" y1="${TOP}" x2="${at(x)}" y2="${HEIGHT - BOTTOM}" stroke="#dddddd"/>`,
      `<text x="${at(x)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${count(power)}</text>`,
    );
  }
  for (const y of [0, 0.5, 1, 1.5]) {
    if (y <= top)
      out.push(
        `<line x1="${LEFT}" y1="${at(py(y))}" x2="${WIDTH - RIGHT}" y2="${at(py(y))}" stroke="${y === 0 ? "#000000" : "#dddddd"}"/>`,
        `<text x="${LEFT - 6}" y="${at(py(y) + 4)}" text-anchor="end">${y}</text>`,
      );
  }
  for (const [i, { name, colour, points }] of lines.entries()) {
    const path = points.map(({ x, y }) => `${at(px(x))},${at(py(y))}`).join(" ");
    out.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { x, y } of points) out.push(`<circle cx="${at(px(x))}" cy="${at(py(y))}" r="3" fill="${colour}"/>`);
    out.push(`<text x="${LEFT + i * 210}" y="16" fill="${colour}">${name}</text>`);
  }
  out.push(
    `<text x="${LEFT}" y="34" fill="#666666">relative to the first point; grey: within 10 %</text>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - BOTTOM + 34}" text-anchor="middle">tokens</text>`,
    `<desc>${escaped(`${machine}, commit ${commit}`)}</desc>`,
    "</svg>",
  );
  return `${out.join("\n")}\n`;
}

function band(left: number, right: number, top: number, bottom: number): string {
  return `<rect x="${at(left)}" y="${at(top)}" width="${at(right - left)}" height="${at(bottom - top)}" fill="#eeeeee"/>`;
}

/** 10^power in words. */
function count(power: number): string {
  if (power >= 6) return `${10 ** (power - 6)} M`;
  return power >= 3 ? `${10 ** (power - 3)} k` : `${10 ** power}`;
}

function at(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replace(/[&<>]/gu, (character) => `&#${character.codePointAt(0)};`);
}
