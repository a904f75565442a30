/**
 * An ONNX model of one node, y = Identity(x) for float32 of any shape, as bytes: onnxruntime-node cannot download a
 * tensor from the GPU's memory (its `getData` aborts the process), but a model's output on the CPU's side does it.
 */
export function identityModel(): Uint8Array {
  const name = (value: string) => Buffer.from(value);
  const value = (of: string) => [
    ...field(1, name(of)),
    ...field(2, field(1, [...varint(1, FLOAT)])), // TypeProto: a tensor of floats
  ];
  const node = [...field(1, name("x")), ...field(2, name("y")), ...field(4, name("Identity"))];
  const graph = [...field(1, node), ...field(2, name("identity")), ...field(11, value("x")), ...field(12, value("y"))];
  return Uint8Array.from([...varint(1, IR_VERSION), ...field(7, graph), ...field(8, varint(2, OPSET))]);
}

const FLOAT = 1;
const IR_VERSION = 8;
const OPSET = 13;

/** Field `id` of a protobuf message: bytes, fewer than 128. */
function field(id: number, bytes: Iterable<number>): number[] {
  const content = [...bytes];
  return [(id << 3) | 2, content.length, ...content];
}

/** Field `id`: a number below 128. */
function varint(id: number, value: number): number[] {
  return [id << 3, value];
}
