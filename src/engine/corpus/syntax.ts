import type { Tree } from "web-tree-sitter";

/** One named node. Nodes stand in an array in preorder: a node's descendants are `[index + 1, after)`. */
export interface SyntaxNode {
  readonly type: string;
  /** The field of the parent that this node fills, or "". */
  readonly field: string;
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Index of the parent; -1 for the root. */
  readonly parent: number;
  /** Index after the last descendant. */
  after: number;
}

/** Copies the named nodes out of WebAssembly in one iterative walk (no recursion: nesting may be any depth). */
export function flatten(tree: Tree): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  const open: number[] = [];
  const cursor = tree.walk();
  try {
    for (;;) {
      const named = cursor.nodeIsNamed;
      if (named) {
        open.push(nodes.length);
        nodes.push({
          type: cursor.nodeType,
          field: cursor.currentFieldName ?? "",
          start: cursor.startIndex,
          end: cursor.endIndex,
          parent: open.at(-2) ?? -1,
          after: 0,
        });
      } else {
        open.push(-1);
      }
      if (named && cursor.gotoFirstChild()) continue;
      for (;;) {
        close(nodes, open.pop());
        if (cursor.gotoNextSibling()) break;
        if (!cursor.gotoParent()) return nodes;
      }
    }
  } finally {
    cursor.delete();
  }
}

function close(nodes: readonly SyntaxNode[], index: number | undefined): void {
  const node = index === undefined ? undefined : nodes[index];
  if (node !== undefined) node.after = nodes.length;
}

/** Calls `visit` for each child of `nodes[index]` in order. */
export function eachChild(
  nodes: readonly SyntaxNode[],
  index: number,
  visit: (child: SyntaxNode, childIndex: number) => void,
): void {
  const end = nodes[index]?.after ?? 0;
  let at = index + 1;
  while (at < end) {
    const child = nodes[at];
    if (child === undefined) return;
    visit(child, at);
    at = child.after;
  }
}

const NAME_TYPES = new Set(
  (
    "name word variable_name constant simple_symbol hash_key_symbol property_name class_name id_name tag_name " +
    "command_name instance_variable class_variable global_variable simple_name function_name setting_name " +
    "string_fragment string_content string_value interpreted_string_literal_content raw_string_literal_content " +
    "string_literal_content label_name variable feature_name attribute_name keyword_query"
  ).split(" "),
);

/** Whether a node without children is a name (or the content of a string used as one). */
export function isName(nodes: readonly SyntaxNode[], index: number): boolean {
  const node = nodes[index];
  if (node === undefined || node.after !== index + 1) return false;
  return node.type.endsWith("identifier") || NAME_TYPES.has(node.type);
}

export function isStringType(type: string): boolean {
  return (
    type === "string" ||
    type === "string_literal" ||
    type === "raw_string" ||
    type === "raw_string_literal" ||
    type === "interpreted_string_literal" ||
    type === "encapsed_string" ||
    type === "template_string" ||
    type === "string_value" ||
    type === "verbatim_string_literal"
  );
}

export function isCommentType(type: string): boolean {
  return type === "comment" || type === "line_comment" || type === "block_comment" || type === "js_comment";
}

/** Node types that belong to the definition after them. */
export function isLeadingType(type: string): boolean {
  return isCommentType(type) || type === "attribute_item" || type === "attribute_list" || type === "decorator";
}
