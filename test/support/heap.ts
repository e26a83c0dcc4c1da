// Measures the memory of this process without garbage.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in use, on the heap and in buffers. */
export async function bytesInUse(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    collect(); // finalizers of the first collection free more
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external; // includes the buffers
}
