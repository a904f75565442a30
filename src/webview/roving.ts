/**
 * Rows of which one is in the tab order (roving tabindex): arrows, Home and End move, the last focused one is kept.
 */
export function roving(container: HTMLElement, selector: string): { refresh(): void } {
  let current: HTMLElement | undefined;
  const rows = (): HTMLElement[] => [...container.querySelectorAll<HTMLElement>(selector)];
  const choose = (row: HTMLElement | undefined): void => {
    current = row;
    for (const each of rows()) each.tabIndex = each === row ? 0 : -1;
  };
  container.addEventListener("focusin", ({ target }) => {
    const row = rows().find((each) => each === target);
    if (row !== undefined && row !== current) choose(row);
  });
  container.addEventListener("keydown", (event) => {
    const all = rows();
    const at = all.findIndex((row) => row.matches(":focus"));
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = all.length - 1;
    const to = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[to]?.focus();
  });
  return {
    refresh() {
      const all = rows();
      choose(current !== undefined && all.includes(current) ? current : all[0]);
    },
  };
}
