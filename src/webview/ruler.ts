import type { RulerView } from "../protocol/panel.ts";
import { onChange, setAttribute, svg, type View } from "./dom.ts";
import { TEXT } from "./strings.ts";

/** Units of the whole workspace on the ruler. */
const LENGTH = 1000;

function frame(...parts: readonly SVGElement[]): SVGSVGElement {
  return svg(
    "svg",
    { class: "ruler", viewBox: `0 0 ${LENGTH} 8`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("title", {}, TEXT.ruler),
    svg("rect", { class: "all", y: "3", width: String(LENGTH), height: "2" }),
    ...parts,
  );
}

/** Ticks at positions from 0 to 1, each unit once. */
function ticks(positions: readonly number[]): string {
  const units = new Set(positions.map((at) => Math.round(Math.min(1, Math.max(0, at)) * LENGTH)));
  return [...units]
    .sort((a, b) => a - b)
    .map((unit) => `M${unit} 0v8`)
    .join("");
}

/** How far the first index is, as a part of the ruler. */
export function progressRuler(): { readonly element: SVGSVGElement; update(percent: number): void } {
  const read = svg("rect", { class: "read", y: "2", width: "0", height: "4" });
  return {
    element: frame(read),
    update(percent) {
      setAttribute(read, "width", String(Math.round((Math.min(100, Math.max(0, percent)) / 100) * LENGTH)));
    },
  };
}

/** Where in the workspace places were recalled, read, and found to prove the answer. */
export function ticksRuler(): { readonly element: SVGSVGElement; update: View<RulerView>["update"] } {
  const recalled = svg("path", { class: "recalled" });
  const seen = svg("path", { class: "seen" });
  const proof = svg("path", { class: "proof" });
  return {
    element: frame(recalled, seen, proof),
    update: onChange((value) => {
      setAttribute(recalled, "d", ticks(value.recalled));
      setAttribute(seen, "d", ticks(value.read));
      setAttribute(proof, "d", ticks(value.proof));
    }),
  };
}
