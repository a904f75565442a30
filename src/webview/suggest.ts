import type { Place } from "../protocol/panel.ts";
import { clipText, visibleText } from "../protocol/text.ts";
import { el, icon, setAttribute, show } from "./dom.ts";
import { SOME, TEXT } from "./strings.ts";

const NAME_UNITS = 80;

/** The list of files and folders over the box: focus stays in the box, which names the chosen row. */
export interface Suggest {
  readonly element: HTMLElement;
  isOpen(): boolean;
  /** Shows the places; none: closes. `query` is set off in the names. */
  open(places: readonly Place[], query: string): void;
  close(): void;
  /** One row up or down, over the ends to the other one. */
  move(step: number): void;
  chosen(): Place | undefined;
}

/** Name and folder of a place: "lib" and "src" of "src/lib/". */
function parts({ path }: Place): { name: string; folder: string } {
  const plain = path.replace(/(?<=.)\/$/, "");
  const cut = plain.lastIndexOf("/");
  return { name: plain.slice(cut + 1), folder: cut < 0 ? "" : plain.slice(0, cut) };
}

function nameNode(name: string, query: string): HTMLElement {
  const wanted = query.slice(query.lastIndexOf("/") + 1).toLowerCase();
  const at = wanted === "" ? -1 : name.toLowerCase().indexOf(wanted);
  if (at < 0) return el("span", {}, clipText(name, NAME_UNITS));
  const end = at + wanted.length;
  return el("span", {}, name.slice(0, at), el("b", {}, name.slice(at, end)), clipText(name.slice(end), NAME_UNITS));
}

/** `box` gets the attributes that tie it to the list; `take` is called for a click on a row. */
export function suggest(box: HTMLElement, take: (place: Place) => void): Suggest {
  const element = el("ul", { class: "suggest", id: "places", role: "listbox", "aria-label": TEXT.filesAndFolders });
  let places: readonly Place[] = [];
  let at = 0;
  // The box keeps focus.
  element.addEventListener("mousedown", (event) => event.preventDefault());

  const mark = (): void => {
    for (const [index, row] of [...element.children].entries()) {
      setAttribute(row, "aria-selected", index === at ? "true" : "false");
      if (index === at) row.scrollIntoView({ block: "nearest" });
    }
    setAttribute(box, "aria-activedescendant", places.length > 0 ? `place-${at}` : false);
  };
  const close = (): void => {
    places = [];
    element.replaceChildren();
    show(element, false);
    for (const name of ["aria-activedescendant", "aria-controls"]) setAttribute(box, name, false);
  };
  close();
  return {
    element,
    close,
    isOpen: () => places.length > 0,
    open(found, query) {
      if (found.length === 0) {
        close();
        return;
      }
      places = found;
      at = 0;
      element.replaceChildren(
        ...found.map((place, index) => {
          const { name, folder } = parts(place);
          const files = place.files === undefined ? "" : SOME.files(place.files);
          const row = el(
            "li",
            { role: "option", id: `place-${index}`, title: visibleText(place.path) },
            icon(place.kind),
            nameNode(name, query),
            el("span", {}, folder),
            el("span", {}, files),
          );
          row.addEventListener("click", () => take(place));
          return row;
        }),
      );
      show(element, true);
      setAttribute(box, "aria-controls", "places");
      mark();
    },
    move(step) {
      at = (at + step + places.length) % places.length;
      mark();
    },
    chosen: () => places[at],
  };
}
