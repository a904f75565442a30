import { eachChild, isCommentType, type SyntaxNode } from "../corpus/syntax.ts";

/** A stretch of a file: UTF-16 offsets, end exclusive. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Lists that grammars nest: `a | b | c` to the left, `else if` to the right. Nested nodes of one family are one list. */
const NESTED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    chain: "binary_expression binary_operator boolean_operator union_type or_pattern concatenated_string",
    branches: "if_statement if_expression else_clause elif_clause elsif",
  }).flatMap(([family, types]) => types.split(" ").map((type) => [type, family] as const)),
);

/** How far above an item its list may begin. */
const LEVELS = 8;

/** A step down from an element to its item: the how-manieth child of a type and field. */
interface Step {
  readonly type: string;
  readonly field: string;
  readonly ordinal: number;
}

/**
 * The items of the list that the item at `span` belongs to, in order: it and what stands at the same place in its
 * siblings, in the nearest literal, enum, chain of alternatives or row of cases where at least two of them differ.
 * `nodes` is the file's flattened syntax tree. Empty if there is no such list.
 */
export function siblingItems(nodes: readonly SyntaxNode[], text: string, span: Stretch): Stretch[] {
  let at = itemAt(nodes, span);
  const way: Step[] = [];
  for (let level = 0; level < LEVELS; level++) {
    const node = nodes[at];
    if (node === undefined || node.parent < 0) return [];
    const items = elementsOf(nodes, node.parent, node.type)
      .map((element) => follow(nodes, element, way))
      .filter((item) => item !== undefined);
    if (new Set(items.map(({ start, end }) => text.slice(start, end))).size > 1) return items;
    way.unshift(stepTo(nodes, at));
    at = node.parent;
  }
  return [];
}

/** The elements of a list that are of one type; those of nested lists of a family count as the outermost's. */
function elementsOf(nodes: readonly SyntaxNode[], list: number, type: string): number[] {
  const family = NESTED.get(nodes[list]?.type ?? "");
  const isNested = (node: SyntaxNode | undefined) => family !== undefined && NESTED.get(node?.type ?? "") === family;
  let top = list;
  for (let above = nodes[top]?.parent ?? -1; isNested(nodes[above]); above = nodes[top]?.parent ?? -1) top = above;
  const elements: number[] = [];
  const open = [top];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const nested: number[] = [];
    eachChild(nodes, at, (child, index) => {
      if (isNested(child)) nested.push(index);
      else if (child.type === type && !isCommentType(type)) elements.push(index);
    });
    open.push(...nested);
  }
  return elements.sort((a, b) => a - b);
}

function stepTo(nodes: readonly SyntaxNode[], index: number): Step {
  const { type = "", field = "", parent = -1 } = nodes[index] ?? {};
  let ordinal = 0;
  eachChild(nodes, parent, (child, at) => {
    if (at < index && child.type === type && child.field === field) ordinal++;
  });
  return { type, field, ordinal };
}

/** The node that `way` leads to from an element; undefined if the element is built otherwise. */
function follow(nodes: readonly SyntaxNode[], element: number, way: readonly Step[]): SyntaxNode | undefined {
  let at = element;
  for (const { type, field, ordinal } of way) {
    let left = ordinal;
    let next: number | undefined;
    eachChild(nodes, at, (child, index) => {
      if (child.type === type && child.field === field && left-- === 0) next = index;
    });
    if (next === undefined) return undefined;
    at = next;
  }
  return nodes[at];
}

/** The innermost node around a stretch; of a stretch over several nodes, the widest one that it begins with. */
function itemAt(nodes: readonly SyntaxNode[], { start, end }: Stretch): number {
  let around = 0;
  let first = -1;
  for (const [index, node] of nodes.entries()) {
    if (node.start <= start && end <= node.end) around = index;
    if (first < 0 && node.start === start && node.end <= end) first = index;
  }
  return first < 0 ? around : first;
}
