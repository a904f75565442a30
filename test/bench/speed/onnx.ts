import protobuf from "protobufjs";

/** The part of ONNX's model format (onnx.proto, IR version 8) that the bench reads and writes. */
const root = protobuf.Root.fromJSON({
  nested: {
    Model: fields({
      irVersion: [1, "int64"],
      producerName: [2, "string"],
      graph: [7, "Graph"],
      opsetImport: [8, "OperatorSet", "repeated"],
    }),
    OperatorSet: fields({ domain: [1, "string"], version: [2, "int64"] }),
    Graph: fields({
      node: [1, "Node", "repeated"],
      name: [2, "string"],
      initializer: [5, "Tensor", "repeated"],
      input: [11, "Value", "repeated"],
      output: [12, "Value", "repeated"],
    }),
    Node: fields({
      input: [1, "string", "repeated"],
      output: [2, "string", "repeated"],
      name: [3, "string"],
      opType: [4, "string"],
      attribute: [5, "Attribute", "repeated"],
      domain: [7, "string"],
    }),
    Attribute: fields({
      name: [1, "string"],
      f: [2, "float"],
      i: [3, "int64"],
      ints: [8, "int64", "repeated"],
      type: [20, "int32"],
    }),
    Tensor: fields({
      dims: [1, "int64", "repeated"],
      dataType: [2, "int32"],
      rawData: [9, "bytes"],
      name: [8, "string"],
    }),
    Value: fields({ name: [1, "string"], type: [2, "Type"] }),
    Type: fields({ tensorType: [1, "TensorType"] }),
    TensorType: fields({ elemType: [1, "int32"], shape: [2, "Shape"] }),
    Shape: fields({ dim: [1, "Dimension", "repeated"] }),
    Dimension: fields({ dimValue: [1, "int64"], dimParam: [2, "string"] }),
  },
});
const modelType = root.lookupType("Model");

/** Numbers of ONNX's element types. */
export const FLOAT = 1;
const INT8 = 3;
export const INT64 = 7;
export const FLOAT16 = 10;

/** A constant of a graph; `rawData` is little-endian and row-major. */
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

export interface NodeProto {
  readonly opType: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly i?: number;
  readonly f?: number;
  readonly ints?: readonly number[];
}

/** Nodes and constants of a serialised model. */
export function readGraph(bytes: Uint8Array): {
  readonly nodes: readonly NodeProto[];
  readonly tensors: ReadonlyMap<string, TensorProto>;
} {
  const model = modelType.toObject(modelType.decode(bytes), { longs: Number, arrays: true, defaults: true }) as {
    readonly graph: { readonly node: readonly NodeProto[]; readonly initializer: readonly TensorProto[] };
  };
  return { nodes: model.graph.node, tensors: new Map(model.graph.initializer.map((one) => [one.name, one])) };
}

/** Builds an ONNX graph (opset 17) node by node; each method returns the name of what it computes. */
export class GraphBuilder {
  readonly #nodes: object[] = [];
  readonly #tensors: TensorProto[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];

  /** An input or output; dimensions are numbers or names. */
  input(name: string, type: number, dims: readonly (number | string)[]): string {
    this.#inputs.push(value(name, type, dims));
    return name;
  }

  output(name: string, type: number, dims: readonly (number | string)[]): void {
    this.#outputs.push(value(name, type, dims));
  }

  floats(name: string, data: Float32Array, dims: readonly number[]): string {
    return this.#constant(name, FLOAT, data, dims);
  }

  int8s(name: string, data: Int8Array, dims: readonly number[]): string {
    return this.#constant(name, INT8, data, dims);
  }

  int64s(name: string, data: readonly number[]): string {
    return this.#constant(name, INT64, BigInt64Array.from(data, BigInt), [data.length]);
  }

  scalar(name: string, value: number): string {
    return this.floats(name, Float32Array.of(value), []);
  }

  /** A node with outputs named `<name>`, or `<name>_0`, `<name>_1` … if it has several. */
  node(
    name: string,
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
    outputs = 1,
  ): string {
    const output = outputs === 1 ? [name] : Array.from({ length: outputs }, (_, i) => `${name}_${i}`);
    const attribute = Object.entries(attributes).map(([key, set]) => attributeOf(key, set));
    this.#nodes.push({ name, opType, domain: "", input, output, attribute });
    return name;
  }

  finish(): Uint8Array {
    const graph = {
      name: "graph",
      node: this.#nodes,
      initializer: this.#tensors,
      input: this.#inputs,
      output: this.#outputs,
    };
    const model = { irVersion: 8, producerName: "armt bench", graph, opsetImport: [{ domain: "", version: 17 }] };
    return modelType.encode(modelType.fromObject(model)).finish();
  }

  #constant(name: string, dataType: number, data: ArrayBufferView, dims: readonly number[]): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#tensors.push({ name, dims, dataType, rawData });
    return name;
  }
}

/** float16 (raw bytes) → float32. */
export function halves(raw: Uint8Array): Float32Array {
  const words = new Uint16Array(new Uint8Array(raw).buffer);
  const out = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) out[i] = HALVES[words[i] ?? 0] ?? 0;
  return out;
}

/** The number that each float16 stands for. */
const HALVES = Float32Array.from({ length: 0x10000 }, (_, word) => {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
});

/** ONNX's attribute types: 1 float, 2 int, 7 ints. Whole numbers are ints; a float attribute is `epsilon` alone here. */
function attributeOf(name: string, set: number | readonly number[]): Attribute {
  if (typeof set !== "number") return { name, type: 7, ints: set };
  return Number.isInteger(set) ? { name, type: 2, i: set } : { name, type: 1, f: set };
}

function value(name: string, elemType: number, dims: readonly (number | string)[]): object {
  const dim = dims.map((one) => (typeof one === "number" ? { dimValue: one } : { dimParam: one }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** A message type of protobufjs' JSON form: field name → number, type, "repeated". */
function fields(all: Readonly<Record<string, readonly [number, string, "repeated"?]>>): protobuf.IType {
  const entries = Object.entries(all).map(([name, [id, type, rule]]) => [
    name,
    rule === undefined ? { id, type } : { id, type, rule },
  ]);
  return { fields: Object.fromEntries(entries) as protobuf.IType["fields"] };
}
