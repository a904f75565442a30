import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ArmtError } from "../../../src/engine/errors.ts";
import type { Bundle } from "../../../src/engine/model/bundle.ts";
import { FLOAT, FLOAT16, GraphBuilder, halves, INT64, readGraph, type TensorProto } from "./onnx.ts";

/** Names of the two forms in the folder, as `@huggingface/transformers` calls them (`dtype`). */
export type PlainForm = "fp32" | "q8";

/** The bundle has no float16 graph to take the weights from. */
export class PlainEncoderError extends ArmtError {
  constructor(reason: string) {
    super(
      "plain-encoder",
      `The plain encoder cannot be made from this bundle: ${reason}. Use the bundle of a checkout.`,
    );
  }
}

const LAYERS = 6;
const WIDTH = 384;
const HEADS = 12;
const INNER = 1536;
const EPSILON = 1e-12;

interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Writes the bundle's backbone as a plain BERT encoder, without memories and heads, in the layout that
 * `@huggingface/transformers` loads from disk: config.json, tokenizer.json, tokenizer_config.json, and in onnx/ the graph
 * as exporters write it, in float32 (`model.onnx`) and with int8 weights per channel and activations quantised as they
 * come (`model_quantized.onnx`). The weights are those of the bundle's float16 graph; `layers`: the lowest so many.
 */
export function writePlainEncoder(bundle: Bundle, folder: string, layers = LAYERS): void {
  const weights = new PlainWeights(bundle);
  mkdirSync(join(folder, "onnx"), { recursive: true });
  writeFileSync(join(folder, "onnx", "model.onnx"), encoder(weights, "fp32", layers));
  writeFileSync(join(folder, "onnx", "model_quantized.onnx"), encoder(weights, "q8", layers));
  copyFileSync(bundle.tokenizerFile, join(folder, "tokenizer.json"));
  const tokenizer = { tokenizer_class: "BertTokenizer", do_lower_case: true, model_max_length: 512 };
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(tokenizer));
  const config = {
    architectures: ["BertModel"],
    model_type: "bert",
    hidden_size: WIDTH,
    num_hidden_layers: layers,
    num_attention_heads: HEADS,
    intermediate_size: INNER,
    vocab_size: 30_522,
    max_position_embeddings: 512,
    type_vocab_size: 2,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
}

/** Weights of a bundle's float16 graph, as float32. */
export class PlainWeights {
  readonly #tensors: ReadonlyMap<string, TensorProto>;
  /** Bias → the matrix of the product that it is added to. */
  readonly #matrixOf = new Map<string, string>();

  constructor({ graphs: { fp16 } }: Bundle) {
    if (fp16 === undefined) throw new PlainEncoderError("it comes without its float16 graph");
    const { nodes, tensors } = readGraph(readFileSync(fp16));
    this.#tensors = tensors;
    const makers = new Map(nodes.map((node) => [node.output[0], node]));
    for (const { opType, input } of nodes) {
      const product = makers.get(input[0]);
      if (opType !== "Add" || product?.opType !== "MatMul") continue;
      this.#matrixOf.set(sourceOf(input[1] ?? ""), sourceOf(product.input[1] ?? ""));
    }

    /** Float16 weights may be computed with in float32. */
    function sourceOf(value: string): string {
      const maker = makers.get(value);
      return maker?.opType === "Cast" ? (maker.input[0] ?? "") : value;
    }
  }

  of(name: string): Float32Array {
    const tensor = this.#tensors.get(name);
    if (tensor?.dataType === FLOAT16) return halves(tensor.rawData);
    if (tensor?.dataType === FLOAT) return new Float32Array(new Uint8Array(tensor.rawData).buffer);
    throw new PlainEncoderError(`it has no weights ${name}`);
  }

  /** Matrix [rows, columns] and bias [columns] of a linear layer. */
  linear(name: string, rows: number, columns: number): { readonly matrix: Matrix; readonly bias: Float32Array } {
    const bias = this.of(`${name}.bias`);
    const data = this.of(this.#matrixOf.get(`${name}.bias`) ?? `${name}.weight`);
    if (data.length !== rows * columns || bias.length !== columns) throw new PlainEncoderError(`${name} is not BERT's`);
    return { matrix: { data, rows, columns }, bias };
  }
}

function encoder(weights: PlainWeights, form: PlainForm, layers: number): Uint8Array {
  const graph = new GraphBuilder();
  const add = new Layers(graph, form);
  const ids = graph.input("input_ids", INT64, ["batch", "tokens"]);
  const mask = graph.input("attention_mask", INT64, ["batch", "tokens"]);
  const kinds = graph.input("token_type_ids", INT64, ["batch", "tokens"]);
  const bias = maskBias(graph, mask);
  const kindRows = weights.of("encoder.kind.weight").subarray(0, 2 * WIDTH);
  const word = add.embedding("word", weights.of("encoder.word.weight"), ids);
  const kind = add.embedding("kind", kindRows, kinds);
  const position = positions(graph, weights.of("encoder.position.weight"), ids);
  const sum = graph.node("embedded", "Add", [graph.node("word_kind", "Add", [word, kind]), position]);
  let h = norm("encoder.ln", sum);
  for (let layer = 0; layer < layers; layer++) {
    const name = `encoder.layers.${layer}`;
    const attended = graph.node(`${name}.residual`, "Add", [attention(name, h), h]);
    const middle = norm(`${name}.ln_attention`, attended);
    const up = gelu(graph, `${name}.gelu`, linear(`${name}.up`, middle, WIDTH, INNER));
    const down = linear(`${name}.down`, up, INNER, WIDTH);
    h = norm(`${name}.ln_out`, graph.node(`${name}.sum`, "Add", [down, middle]));
  }
  graph.node("last_hidden_state", "Identity", [h]);
  graph.output("last_hidden_state", FLOAT, ["batch", "tokens", WIDTH]);
  return graph.finish();

  function linear(name: string, from: string, rows: number, columns: number): string {
    const { matrix, bias: offset } = weights.linear(name, rows, columns);
    return add.linear(name, from, matrix, offset);
  }

  function norm(name: string, from: string): string {
    const scale = graph.floats(`${name}.weight`, weights.of(`${name}.weight`), [WIDTH]);
    const offset = graph.floats(`${name}.bias`, weights.of(`${name}.bias`), [WIDTH]);
    return graph.node(`${name}.norm`, "LayerNormalization", [from, scale, offset], { axis: -1, epsilon: EPSILON });
  }

  function attention(name: string, from: string): string {
    const { matrix, bias: offsets } = weights.linear(`${name}.qkv`, WIDTH, 3 * WIDTH);
    const [q, k, v] = (["query", "key", "value"] as const).map((part, third) => {
      const one = `${name}.${part}`;
      const projected = add.linear(
        one,
        from,
        columns(matrix, third),
        offsets.subarray(third * WIDTH).subarray(0, WIDTH),
      );
      const heads = graph.node(`${one}.heads`, "Reshape", [
        projected,
        graph.int64s(`${one}.shape`, [0, 0, HEADS, WIDTH / HEADS]),
      ]);
      return graph.node(`${one}.turned`, "Transpose", [heads], { perm: part === "key" ? [0, 2, 3, 1] : [0, 2, 1, 3] });
    });
    const scores = graph.node(`${name}.scores`, "MatMul", [q ?? "", k ?? ""]);
    const root = graph.scalar(`${name}.root`, Math.sqrt(WIDTH / HEADS));
    const scaled = graph.node(`${name}.scaled`, "Div", [scores, root]);
    const masked = graph.node(`${name}.masked`, "Add", [scaled, bias]);
    const shares = graph.node(`${name}.shares`, "Softmax", [masked], { axis: -1 });
    const mixed = graph.node(`${name}.mixed`, "MatMul", [shares, v ?? ""]);
    const back = graph.node(`${name}.back`, "Transpose", [mixed], { perm: [0, 2, 1, 3] });
    const shape = graph.int64s(`${name}.flat`, [0, 0, WIDTH]);
    return linear(`${name}.out`, graph.node(`${name}.joined`, "Reshape", [back, shape]), WIDTH, WIDTH);
  }
}

/** Products and look-ups in the form asked for. */
class Layers {
  readonly #graph: GraphBuilder;
  readonly #form: PlainForm;
  readonly #quantized = new Set<string>();

  constructor(graph: GraphBuilder, form: PlainForm) {
    this.#graph = graph;
    this.#form = form;
  }

  linear(name: string, from: string, matrix: Matrix, bias: Float32Array): string {
    const offset = this.#graph.floats(`${name}.bias`, bias, [bias.length]);
    const product = this.#form === "fp32" ? this.#product(name, from, matrix) : this.int8Product(name, from, matrix);
    return this.#graph.node(`${name}.linear`, "Add", [product, offset]);
  }

  embedding(name: string, table: Float32Array, at: string): string {
    const rows = table.length / WIDTH;
    if (this.#form === "fp32") {
      return this.#graph.node(name, "Gather", [this.#graph.floats(`${name}.table`, table, [rows, WIDTH]), at]);
    }
    const scale = peak(table) / 127;
    const values = new Int8Array(table.length);
    for (let i = 0; i < table.length; i++) values[i] = Math.round((table[i] ?? 0) / scale);
    const packed = this.#graph.int8s(`${name}.table`, values, [rows, WIDTH]);
    const found = this.#graph.node(`${name}.packed`, "Gather", [packed, at]);
    const zero = this.#graph.int8s(`${name}.zero`, Int8Array.of(0), []);
    return this.#graph.node(name, "DequantizeLinear", [found, this.#graph.scalar(`${name}.scale`, scale), zero]);
  }

  /** As onnxruntime's dynamic quantisation writes a product: int8 per column, the input's range taken as it comes. */
  int8Product(name: string, from: string, { data, rows, columns: width }: Matrix): string {
    const graph = this.#graph;
    const scales = new Float32Array(width);
    for (let i = 0; i < data.length; i++) {
      scales[i % width] = Math.max(scales[i % width] ?? 0, Math.abs(data[i] ?? 0) / 127);
    }
    const packed = new Int8Array(data.length);
    for (let i = 0; i < data.length; i++) packed[i] = Math.round((data[i] ?? 0) / (scales[i % width] || 1));
    if (!this.#quantized.has(from)) {
      this.#quantized.add(from);
      graph.node(`${from}.quantized`, "DynamicQuantizeLinear", [from], {}, 3);
    }
    const [input, inputScale, zero] = [0, 1, 2].map((i) => `${from}.quantized_${i}`);
    const weight = graph.int8s(`${name}.weight`, packed, [rows, width]);
    const weightZero = graph.int8s(`${name}.weight_zero`, new Int8Array(width), [width]);
    const sums = graph.node(`${name}.sums`, "MatMulInteger", [input ?? "", weight, zero ?? "", weightZero]);
    const floats = graph.node(`${name}.floats`, "Cast", [sums], { to: FLOAT });
    const scale = graph.floats(`${name}.weight_scale`, scales, [width]);
    const both = graph.node(`${name}.scales`, "Mul", [inputScale ?? "", scale]);
    return graph.node(`${name}.product`, "Mul", [floats, both]);
  }

  #product(name: string, from: string, { data, rows, columns: width }: Matrix): string {
    return this.#graph.node(`${name}.product`, "MatMul", [
      from,
      this.#graph.floats(`${name}.weight`, data, [rows, width]),
    ]);
  }
}

/** `(1 - mask) · -1e4`, [B, 1, 1, T]. */
function maskBias(graph: GraphBuilder, mask: string): string {
  const axes = graph.int64s("mask.axes", [1, 2]);
  const floats = graph.node("mask.floats", "Cast", [graph.node("mask.four", "Unsqueeze", [mask, axes])], { to: FLOAT });
  const left = graph.node("mask.left", "Sub", [graph.scalar("one", 1), floats]);
  return graph.node("mask.bias", "Mul", [left, graph.scalar("mask.low", -1e4)]);
}

/** The first T rows of the position table. */
function positions(graph: GraphBuilder, table: Float32Array, ids: string): string {
  const rows = graph.floats("position.table", table, [table.length / WIDTH, WIDTH]);
  const length = graph.node("position.length", "Shape", [ids], { start: 1, end: 2 });
  const axes = graph.int64s("position.axis", [0]);
  return graph.node("position", "Slice", [rows, graph.int64s("position.from", [0]), length, axes]);
}

/** Exact Gelu as exporters spell it; onnxruntime fuses it. */
function gelu(graph: GraphBuilder, name: string, x: string): string {
  const scaled = graph.node(`${name}.scaled`, "Div", [x, graph.scalar(`${name}.root2`, Math.SQRT2)]);
  const erf = graph.node(`${name}.erf`, "Erf", [scaled]);
  const raised = graph.node(`${name}.raised`, "Add", [erf, graph.scalar(`${name}.one`, 1)]);
  const times = graph.node(`${name}.times`, "Mul", [x, raised]);
  return graph.node(name, "Mul", [times, graph.scalar(`${name}.half`, 0.5)]);
}

/** Columns third·WIDTH … of a matrix three times as wide. */
function columns({ data, rows, columns: width }: Matrix, third: number): Matrix {
  const out = new Float32Array(rows * WIDTH);
  for (let row = 0; row < rows; row++) {
    out.set(data.subarray(row * width + third * WIDTH, row * width + (third + 1) * WIDTH), row * WIDTH);
  }
  return { data: out, rows, columns: WIDTH };
}

function peak(values: Float32Array): number {
  let most = 1e-9;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
