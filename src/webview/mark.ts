import { svg } from "./dom.ts";

const DOTS: readonly (readonly [number, number])[] = [
  [4.5, 4.5],
  [12, 4.5],
  [4.5, 12],
  [19.5, 12],
  [12, 19.5],
  [19.5, 19.5],
];

/** ARMT's mark: a grid of places and the thread through three of them (media/activity.svg). */
export function mark(): SVGSVGElement {
  const dot = (x: number, y: number, r: number): SVGElement =>
    svg("circle", { cx: String(x), cy: String(y), r: String(r) });
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg(
      "g",
      { fill: "currentColor" },
      svg("g", { opacity: ".5" }, ...DOTS.map(([x, y]) => dot(x, y, 1.5))),
      dot(4.5, 19.5, 2.3),
      dot(12, 12, 2.3),
    ),
    svg("path", {
      d: "M4.5 19.5C4.5 14.2 7.2 12 12 12c3.6 0 5.4-1.5 6-4.2",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": "1.6",
    }),
    svg("circle", { cx: "18.7", cy: "5.3", r: "2.7", fill: "none", stroke: "currentColor", "stroke-width": "1.6" }),
  );
}
