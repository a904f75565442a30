import type { Provider } from "../../src/engine/model/graph.ts";
import { providersOf } from "../../src/engine/model/providers.ts";

/** What the tests that step the real model run it on: `ARMT_TEST_PROVIDER`, else the CPU. */
export const PROVIDER: Provider = named(process.env["ARMT_TEST_PROVIDER"] ?? "cpu");

function named(name: string): Provider {
  const provider = providersOf(`${process.platform}-${process.arch}`).find((one) => one === name);
  if (provider === undefined) throw new Error(`ARMT_TEST_PROVIDER=${name}: onnxruntime has no such provider here.`);
  return provider;
}
