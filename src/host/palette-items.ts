import * as vscode from "vscode";
import type { Place } from "../protocol/panel.ts";
import type { Sureness } from "../protocol/sureness.ts";
import { clipText, visibleText } from "../protocol/text.ts";
import type { CitedPlace, Exchange } from "./chat/exchange.ts";

const LABEL_UNITS = 200;

export type Action =
  | { readonly kind: "ask"; readonly text: string }
  | { readonly kind: "place"; readonly path: string }
  | { readonly kind: "open"; readonly place: CitedPlace }
  | { readonly kind: "panel" }
  | { readonly kind: "command"; readonly command: string }
  | { readonly kind: "nothing" };

export interface Item extends vscode.QuickPickItem {
  readonly action: Action;
  /** Shown in the editor when the user moves onto it. */
  readonly glance?: CitedPlace;
}

export const COPY: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("copy"),
  tooltip: vscode.l10n.t("Copy answer"),
};

export const GO_ON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("list-tree"),
  tooltip: vscode.l10n.t("Go on in the panel"),
};

/** Text of a workspace as a label: one line, and "$(…)" in it no icon. */
export function plain(text: string): string {
  const line = visibleText(text.replace(/\s+/g, " ").trim());
  return clipText(line, LABEL_UNITS).replace(/\$\(/g, "\\$(");
}

function item(label: string, action: Action, more: Partial<Item> = {}): Item {
  return { label, action, alwaysShow: true, ...more };
}

export function separator(label: string): Item {
  return { label, kind: vscode.QuickPickItemKind.Separator, action: { kind: "nothing" } };
}

/** What can be chosen before anything is asked: what is typed, what was asked before, what this workspace answers. */
export function askItems(
  typed: string,
  asked: readonly { readonly question: string; readonly answer: string }[],
  examples: readonly string[],
): Item[] {
  const wanted = typed.toLowerCase();
  const fits = (question: string) => question !== typed && question.toLowerCase().includes(wanted);
  const before = asked
    .filter(({ question }) => fits(question))
    .slice(0, 5)
    .map(({ question, answer }) =>
      item(`$(history) ${plain(question)}`, { kind: "ask", text: question }, { description: plain(answer) }),
    );
  const others = examples
    .filter(fits)
    .map((question) => item(`$(arrow-small-right) ${plain(question)}`, { kind: "ask", text: question }));
  return [
    ...(typed === "" ? [] : [item(`$(comment-discussion) ${plain(typed)}`, { kind: "ask", text: typed })]),
    ...(before.length === 0 ? [] : [separator(vscode.l10n.t("asked before")), ...before]),
    ...(others.length === 0 ? [] : [separator(vscode.l10n.t("this workspace can answer")), ...others]),
  ];
}

export function placeItems(places: readonly Place[]): Item[] {
  return places.map(({ path, kind }) => item(`$(${kind}) ${plain(path)}`, { kind: "place", path }));
}

/** Asked in the palette itself when nothing may be read yet. */
export function consentItems(name: string): Item[] {
  return [
    item(
      `$(play) ${vscode.l10n.t("Index {0}", plain(name))}`,
      { kind: "command", command: "armt.index" },
      { detail: vscode.l10n.t("Reads the files once and keeps one file in VS Code's storage. Sends nothing.") },
    ),
    item(`$(files) ${vscode.l10n.t("Show what would be read")}`, { kind: "command", command: "armt.showFiles" }),
  ];
}

export function failedItems(cause: string): Item[] {
  return [
    item(
      `$(debug-restart) ${vscode.l10n.t("Restart")}`,
      { kind: "command", command: "armt.restart" },
      { detail: plain(cause) },
    ),
    item(`$(output) ${vscode.l10n.t("Show Log")}`, { kind: "command", command: "armt.showLog" }),
  ];
}

/** What is recalled and read at the moment. */
export function busyItems({ stages, result }: Exchange): Item[] {
  if (result.status === "waiting")
    return [
      item(
        `$(loading~spin) ${result.for === "files" ? vscode.l10n.t("Reading the first files") : vscode.l10n.t("Waiting for the engine")}`,
        { kind: "nothing" },
      ),
    ];
  const last = stages.at(-1);
  const past = stages
    .slice(0, -1)
    .map(({ kind, count }) =>
      kind === "recalled" ? vscode.l10n.t("recalled {0}", count) : vscode.l10n.t("read {0}", count),
    );
  const now =
    last === undefined
      ? vscode.l10n.t("Recalling")
      : last.kind === "reading"
        ? vscode.l10n.t("reading {0} of {1}", last.count, last.of ?? last.count)
        : vscode.l10n.t("recalled {0} places", last.count);
  const label = now.charAt(0).toUpperCase() + now.slice(1);
  return [item(`$(loading~spin) ${label}`, { kind: "nothing" }, { description: past.join(", ") })];
}

function sureness(value: Sureness): string {
  return { sure: vscode.l10n.t("sure"), likely: vscode.l10n.t("likely"), unsure: vscode.l10n.t("unsure") }[value];
}

function location({ view }: CitedPlace): string {
  return view.lineTo > view.line ? `${view.name}:${view.line}-${view.lineTo}` : `${view.name}:${view.line}`;
}

/** `role`: what a place that proves nothing is; VS Code shows no separators while there is text in the box. */
function citationItem(place: CitedPlace, role = ""): Item {
  const { view } = place;
  const shown = view.lines.find((line) => line?.quoted === true)?.text ?? "";
  return item(
    `$(file) ${plain(location(place))}`,
    { kind: "open", place },
    {
      description: plain([view.folder, view.kind ?? "", role].filter((part) => part !== "").join(", ")),
      detail: plain(shown),
      glance: place,
    },
  );
}

/** The answer first, then one row for each place, then the way into the panel. */
export function resultItems(exchange: Exchange): Item[] {
  const { result, citations, also } = exchange;
  const goOn = item(`$(comment-discussion) ${vscode.l10n.t("Go on in the panel")}`, { kind: "panel" });
  switch (result.status) {
    case "answered": {
      const place = citations.find(({ view }) => view.answer) ?? citations[0];
      const extent =
        result.hops > 1
          ? vscode.l10n.t("{0} hops", result.hops)
          : citations.length === 1
            ? vscode.l10n.t("1 place")
            : vscode.l10n.t("{0} places", citations.length);
      const partial =
        result.partial === undefined ? [] : [vscode.l10n.t("from {0} % of the workspace", result.partial)];
      const text =
        result.kind === "yes" ? vscode.l10n.t("Yes") : result.kind === "no" ? vscode.l10n.t("No") : plain(result.text);
      return [
        item(`$(quote) ${text}`, place === undefined ? { kind: "nothing" } : { kind: "open", place }, {
          description: [sureness(result.sureness), extent, `${result.seconds.toFixed(1)} s`, ...partial].join(", "),
          buttons: [COPY, GO_ON],
          ...(place === undefined
            ? {}
            : { detail: plain(`${place.view.folder === "" ? "" : `${place.view.folder}/`}${location(place)}`) }),
        }),
        ...citations.map((each) => citationItem(each)),
        ...also.map((each) => citationItem(each, vscode.l10n.t("also possible"))),
        goOn,
      ];
    }
    case "notfound":
      return [
        item(
          `$(circle-slash) ${result.partial === undefined ? vscode.l10n.t("Not in this workspace") : vscode.l10n.t("Not in the {0} % read so far", result.partial)}`,
          { kind: "panel" },
          { description: vscode.l10n.t("{0} files, {1} s", result.files, result.seconds.toFixed(1)) },
        ),
        ...citations.map((each) => citationItem(each, vscode.l10n.t("nearest, not an answer"))),
        goOn,
      ];
    case "failed":
      return [
        item(
          `$(error) ${vscode.l10n.t("The engine stopped while reading and was started again.")}`,
          { kind: "ask", text: exchange.question },
          {
            description: plain(result.cause),
            detail: [result.next, vscode.l10n.t("Enter asks again.")].filter((part) => part !== "").join(" "),
          },
        ),
        item(`$(output) ${vscode.l10n.t("Show Log")}`, { kind: "command", command: "armt.showLog" }),
      ];
    default:
      return [item(`$(circle-slash) ${vscode.l10n.t("Stopped")}`, { kind: "ask", text: exchange.question })];
  }
}
