/**
 * A process of its own for the tests of locks and crashes.
 * `hold FILE`: opens the store and stays. `write FILE SEED`: changes files until it is killed.
 * Tells "ready" and each committed round on stdout.
 */
import { Store } from "../../../src/engine/store/store.ts";
import { Random } from "../memory/random.ts";
import { addFile, OPTIONS } from "./fixture.ts";

const [what, file = "", seed = "1"] = process.argv.slice(2);
const store = Store.open(file, OPTIONS);
process.stdout.write(`ready ${store.readOnly ? "reader" : "writer"}\n`);
if (what === "hold") {
  setInterval(() => {}, 1000);
} else {
  const random = new Random(Number(seed));
  for (let round = 0; ; round++) {
    store.transaction(() => {
      for (let i = 0; i < 3; i++) {
        const path = `f${random.integer(12)}.ts`;
        if (random.integer(4) === 0) store.removeFile(path);
        else
          addFile(
            store,
            path,
            Array.from({ length: random.integer(12) }, () => `n${random.integer(60)}`),
          );
      }
      store.setNote("round", `${seed}:${round}`);
    });
    if (round % 5 === 4) await store.settle();
    process.stdout.write(`round ${round}\n`);
  }
}
