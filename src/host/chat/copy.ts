import { type CitedPlace, type Exchange, listItems } from "./exchange.ts";

function range({ view }: CitedPlace): string {
  return view.lineTo > view.line ? `${view.line}-${view.lineTo}` : `${view.line}`;
}

function path({ view }: CitedPlace): string {
  return view.folder === "" ? view.name : `${view.folder}/${view.name}`;
}

/** A fence or code mark that the text does not contain. */
function fence(text: string, least: number): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return "`".repeat(Math.max(least, longest + 1));
}

/** Text as inline code of Markdown, whatever stands in it. */
export function inlineCode(text: string): string {
  const mark = fence(text, 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${mark}${pad}${text}${pad}${mark}`;
}

/** Label and address of a link, with nothing in them that ends either early. */
function link(place: CitedPlace): string {
  const lines =
    place.view.lineTo > place.view.line ? `L${place.view.line}-L${place.view.lineTo}` : `L${place.view.line}`;
  const address = path(place)
    .split("/")
    .map((part) => encodeURIComponent(part).replace(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`))
    .join("/");
  const label = `${path(place)}:${range(place)}`.replace(/[\\[\]<>`*_]/g, "\\$&");
  return `[${label}](${address}#${lines})`;
}

/** The answer alone, as it stands in the code. */
export function answerText({ result }: Exchange): string {
  if (result.status !== "answered") return "";
  return result.kind === "list" ? listItems(result.text).join("\n") : result.text;
}

/** Question, answer and quoted places as Markdown. */
export function evidenceText(exchange: Exchange, notFound: string): string {
  const { question, result, citations } = exchange;
  const answer = answerText(exchange);
  const said = result.status !== "answered" ? notFound : answer.includes("\n") ? fenced(answer) : inlineCode(answer);
  return [
    `**${question.replace(/\s+/g, " ").replace(/[\\*_`[\]<>]/g, "\\$&")}**`,
    said,
    ...citations.map((place) => `${link(place)}\n\n${fenced(place.quote)}`),
  ].join("\n\n");
}

/** Text as a block of code of Markdown, whatever stands in it. */
export function fenced(text: string): string {
  const mark = fence(text, 3);
  return `${mark}\n${text}\n${mark}`;
}

/** "lib/base.js:160" and the quote. */
export function citationText(place: CitedPlace): string {
  return `${path(place)}:${range(place)}\n${place.quote}`;
}
