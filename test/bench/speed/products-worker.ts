/** Bare int8 matrix products of the encoder's shapes in onnxruntime, each with the quantising of its input. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { serve } from "./child.ts";
import { FLOAT, GraphBuilder } from "./onnx.ts";
import { LAYERS, OPERATIONS_PER_TOKEN, SHAPES } from "./products.ts";
import { median } from "./rate.ts";

export interface ProductsTask {
  readonly threads: number;
  /** Tokens in one product. */
  readonly rows: number;
  readonly ms: number;
}

export interface ProductsResult {
  /** Multiplications and additions in units of 10⁹: per second, and per second of a processor. */
  readonly gops: number;
  readonly gopsPerProcessor: number;
}

serve(async (task: ProductsTask): Promise<ProductsResult> => {
  const session = await InferenceSession.create(products(task.rows), {
    intraOpNumThreads: task.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    extra: { session: { intra_op: { allow_spinning: task.threads > 1 ? "1" : "0" } } },
  });
  const feeds = Object.fromEntries(
    [384, 1536].map((width) => [
      `x${width}`,
      new Tensor(
        "float32",
        Float32Array.from({ length: task.rows * width }, (_, i) => Math.sin(i)),
        [task.rows, width],
      ),
    ]),
  );
  for (let i = 0; i < 5; i++) await session.run(feeds);
  const times: number[] = [];
  const before = process.cpuUsage();
  const until = performance.now() + task.ms;
  while (performance.now() < until) {
    const started = performance.now();
    await session.run(feeds);
    times.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(before);
  await session.release();
  const operations = OPERATIONS_PER_TOKEN * task.rows;
  return {
    gops: operations / median(times) / 1e6,
    gopsPerProcessor: (operations * times.length) / (user + system) / 1e3,
  };
});

/** The products of all layers side by side; each has weights of its own, as in the model, and only one row of it is kept. */
function products(rows: number): Uint8Array {
  const graph = new GraphBuilder();
  for (const width of [384, 1536]) graph.input(`x${width}`, FLOAT, [rows, width]);
  const first = graph.int64s("first", [0]);
  for (let layer = 0; layer < LAYERS; layer++) {
    for (const [inner, columns] of SHAPES) {
      const name = `p${layer}_${inner}_${columns}`;
      const weights = Int8Array.from({ length: inner * columns }, (_, i) => ((i * 7 + layer) % 127) - 63);
      const weight = graph.int8s(`${name}_w`, weights, [inner, columns]);
      const zero = graph.int8s(`${name}_z`, new Int8Array(columns), [columns]);
      graph.node(`${name}_q`, "DynamicQuantizeLinear", [`x${inner}`], {}, 3);
      const sums = graph.node(`${name}_i`, "MatMulInteger", [`${name}_q_0`, weight, `${name}_q_2`, zero]);
      const scale = graph.floats(`${name}_s`, new Float32Array(columns).fill(0.01), [columns]);
      const both = graph.node(`${name}_b`, "Mul", [`${name}_q_1`, scale]);
      const out = graph.node(`${name}_o`, "Mul", [graph.node(`${name}_f`, "Cast", [sums], { to: FLOAT }), both]);
      graph.node(`${name}_y`, "Gather", [out, first], { axis: 0 });
      graph.output(`${name}_y`, FLOAT, [1, columns]);
    }
  }
  return graph.finish();
}
