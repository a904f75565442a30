import { eachChild, isName, type SyntaxNode } from "./syntax.ts";

const FUNCTIONS = new Set(
  (
    "function_declaration generator_function_declaration function_definition method_definition method_declaration " +
    "constructor_declaration destructor_declaration compact_constructor_declaration function_item " +
    "function_signature_item method singleton_method local_function_statement method_elem method_signature " +
    "abstract_method_signature function_signature operator_declaration delegate_declaration preproc_function_def " +
    "macro_definition function_statement class_method_definition annotation_type_element_declaration"
  ).split(" "),
);

const TYPES = new Set(
  (
    "class_declaration abstract_class_declaration class class_definition interface_declaration enum_declaration " +
    "struct_declaration record_declaration trait_declaration struct_item union_item enum_item trait_item impl_item " +
    "mod_item module internal_module namespace_declaration namespace_definition class_specifier struct_specifier " +
    "enum_specifier union_specifier type_spec type_alias type_alias_declaration type_item type_definition " +
    "alias_declaration concept_definition type_alias_statement class_statement enum_statement rule_set " +
    "annotation_type_declaration"
  ).split(" "),
);

const MEMBERS = new Set(
  (
    "preproc_def const_item static_item const_spec var_spec enum_constant enumerator enum_variant " +
    "enum_member_declaration enum_case enum_assignment const_element field_declaration public_field_definition " +
    "field_definition property_signature property_element property_declaration class_property_definition enum_member"
  ).split(" "),
);

const FUNCTION_VALUES = new Set(
  (
    "function_expression arrow_function generator_function class lambda closure_expression func_literal " +
    "anonymous_function lambda_expression anonymous_method_expression class_expression function"
  ).split(" "),
);

/** Containers that say nothing by themselves: they must not make a cut between their members dear. */
const WRAPPERS = new Set([
  "namespace_definition",
  "namespace_declaration",
  "internal_module",
  "mod_item",
  "preproc_ifdef",
  "preproc_if",
  "linkage_specification",
]);

const LEFT = new Set(["name", "left", "key", "property", "pattern", "field", "declarator", "identifier", "variable"]);
const RIGHT = new Set(["value", "right", "default_value", "default"]);
const MEMBER_ACCESS = /member|field_expression|field_access|attribute|selector|subscript|scoped|call|element/;

export type DefinitionKind = "function" | "type" | "member" | "assignment";

/** A node that gives something a name. Indices point into the flat tree. */
export interface Definition {
  readonly node: number;
  readonly kind: DefinitionKind;
  /** The name's node; its text is the anchor. */
  readonly name: number;
  /** Name in the symbol path. */
  readonly label: string;
  /** The node of the value, initialiser or default, or -1. */
  readonly value: number;
}

/** Whether the node is a function, method or type: a unit that should not be torn apart if it fits. */
export function isUnit(definition: Definition): boolean {
  return definition.kind === "function" || definition.kind === "type";
}

export function isWrapper(type: string): boolean {
  return WRAPPERS.has(type);
}

/** All definitions and named values of a flat tree, in preorder. */
export function findDefinitions(nodes: readonly SyntaxNode[], text: string): Definition[] {
  const found: Definition[] = [];
  for (let index = 1; index < nodes.length; index++) {
    const definition = definitionAt(nodes, index, text);
    if (definition !== undefined) found.push(definition);
  }
  return found;
}

function definitionAt(nodes: readonly SyntaxNode[], index: number, text: string): Definition | undefined {
  const node = nodes[index];
  if (node === undefined || node.after === index + 1) return enumMemberWithoutValue(nodes, index, text);
  let left = -1;
  let right = -1;
  let first = -1;
  let last = -1;
  let receiver = -1;
  let bodied = false;
  eachChild(nodes, index, (child, at) => {
    if (left < 0 && LEFT.has(child.field)) left = at;
    if (RIGHT.has(child.field)) right = at;
    if (child.field === "body") bodied = true;
    if (child.field === "receiver" || child.field === "type" || child.field === "trait") receiver = at;
    if (first < 0) first = at;
    last = at;
  });
  const type = node.type;
  if (FUNCTIONS.has(type) || TYPES.has(type)) {
    const kind = FUNCTIONS.has(type) ? "function" : "type";
    // `struct stat st;` uses a type, it defines none.
    if (type.endsWith("_specifier") && !bodied) return undefined;
    let name = left;
    if (type === "impl_item") name = receiver;
    else if (name < 0) name = first;
    if (type === "type_definition") name = left >= 0 ? left : last;
    const nameNode = nameIn(nodes, name, kind === "function");
    if (nameNode < 0) return undefined;
    let label = textOf(nodes, nameNode, text);
    if (type === "method_declaration" && receiver >= 0 && nodes[receiver]?.type === "parameter_list") {
      const owner = lastName(nodes, receiver);
      if (owner >= 0) label = `${textOf(nodes, owner, text)}.${label}`;
    } else if (type === "function_definition" && nodes[name]?.type.endsWith("declarator") === true) {
      label = qualified(text, nodes, name, nameNode, label);
    }
    return { node: index, kind, name: nameNode, label: tidy(label), value: -1 };
  }
  if (type === "declaration" && left < 0 && nodes[first]?.type === "property_name") {
    return { node: index, kind: "assignment", name: first, label: textOf(nodes, first, text), value: last };
  }
  // PHP gives these two children no fields.
  if (first !== last && left < 0 && (type === "array_element_initializer" || type === "const_element")) {
    left = first;
    right = last;
  }
  if (type === "variable_declarator" && right < 0 && last > left && left >= 0) right = last;
  if (left < 0) return undefined;
  const member = MEMBERS.has(type);
  const declared =
    type === "variable_declarator" ||
    (type === "declaration" && nodes[left]?.field === "declarator" && nodes[left]?.type !== "init_declarator");
  if (!member && !declared && right < 0) return undefined;
  if (nodes[left]?.field === "left" && !/assign|short_var|default/.test(type)) return undefined;
  if (/^(for|if|while|match|case|switch|call|try|with)/.test(type)) return undefined;
  const name = nameIn(nodes, left, false);
  if (name < 0 || name === right) return undefined;
  const valueType = nodes[right]?.type ?? "";
  const kind = FUNCTION_VALUES.has(valueType) ? "function" : member ? "member" : "assignment";
  return { node: index, kind, name, label: tidy(dotted(text, nodes, left, name)), value: right };
}

/** TypeScript's `enum E { A, B }`: plain names in the body. */
function enumMemberWithoutValue(nodes: readonly SyntaxNode[], index: number, text: string): Definition | undefined {
  const node = nodes[index];
  if (node?.type !== "property_identifier" || nodes[node.parent]?.type !== "enum_body") return undefined;
  return { node: index, kind: "member", name: index, label: textOf(nodes, index, text), value: -1 };
}

/** The node that names: the last name of a member access, else the first name. */
function nameIn(nodes: readonly SyntaxNode[], index: number, isFunction: boolean): number {
  const node = nodes[index];
  if (node === undefined) return -1;
  if (isName(nodes, index)) return index;
  if (node.type === "function_declarator" || (isFunction && node.type.endsWith("declarator"))) {
    let inner = -1;
    eachChild(nodes, index, (child, at) => {
      if (child.field === "declarator" && inner < 0) inner = at;
    });
    if (inner >= 0) return nameIn(nodes, inner, isFunction);
  }
  if (node.type === "qualified_identifier" || MEMBER_ACCESS.test(node.type)) return lastName(nodes, index);
  for (let at = index + 1; at < node.after; at++) if (isName(nodes, at)) return at;
  return -1;
}

/** The last name inside a node, or -1. */
export function lastName(nodes: readonly SyntaxNode[], index: number): number {
  const node = nodes[index];
  if (node === undefined) return -1;
  for (let at = node.after - 1; at >= index; at--) if (isName(nodes, at)) return at;
  return -1;
}

function textOf(nodes: readonly SyntaxNode[], index: number, text: string): string {
  const node = nodes[index];
  return node === undefined ? "" : text.slice(node.start, Math.min(node.end, node.start + 60));
}

/** `Foo::bar` of a C++ definition outside its class. */
function qualified(
  text: string,
  nodes: readonly SyntaxNode[],
  declarator: number,
  name: number,
  label: string,
): string {
  const outer = nodes[declarator];
  const inner = nodes[name];
  if (outer === undefined || inner === undefined) return label;
  const before = text.slice(Math.max(outer.start, inner.start - 60), inner.start);
  const scope = /([A-Za-z_]\w*)(?:<[^<>]*>)?::~?$/.exec(before);
  return scope?.[1] === undefined ? label : `${scope[1]}.${label}`;
}

/** `Foo.prototype.bar` → `Foo.bar`, `exports.x` → `x`, `this.y` → `y`; other left sides: the name. */
function dotted(text: string, nodes: readonly SyntaxNode[], left: number, name: number): string {
  const label = textOf(nodes, name, text);
  const node = nodes[left];
  if (node === undefined || node.end - node.start > 80) return label;
  const whole = text.slice(node.start, node.end);
  if (!/^[\w$]+(\.[\w$]+)+$/.test(whole)) return label;
  const parts = whole.split(".").filter((part) => !/^(prototype|module|exports|this|self|window|global)$/.test(part));
  return parts.slice(-2).join(".");
}

function tidy(label: string): string {
  return label.replace(/\s+/g, " ").trim();
}
