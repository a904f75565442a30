/** VS Code gives a chord up after this time. */
const CHORD_MS = 5_000;
const MODIFIERS: ReadonlySet<string> = new Set(["Control", "Shift", "Alt", "AltGraph", "Meta"]);

/** VS Code hears the keys of the page too, and takes the second key of "Ctrl+K A": that one is not for the page. */
export function leaveChords(): void {
  const isMac = navigator.userAgent.includes("Mac");
  let until = 0;
  document.addEventListener(
    "keydown",
    (event) => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
      if (MODIFIERS.has(key)) return;
      if (performance.now() < until) {
        event.preventDefault();
        until = 0;
      } else if (key.toLowerCase() === "k" && (isMac ? metaKey : ctrlKey) && !altKey && !shiftKey)
        until = performance.now() + CHORD_MS;
    },
    { capture: true },
  );
}
