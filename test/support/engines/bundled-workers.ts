// The workers of dist/, each with its libraries in one file: loading the 500 files of node-llama-cpp takes most of a worker's
// start, and the tests start a hundred workers. test/model/command.test.ts runs the workers of dist/ themselves.

import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "vite";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const DIST = path.join(ROOT, "dist");
const NAMES = ["main", "embedding-main", "describe-main"] as const;

/** Where `bundleWorkers` writes. */
export const BUNDLED_WORKERS = path.join(ROOT, "node_modules/.cache/sluice-workers");

/** Writes the bundles, unless they are newer than dist/ and this file. */
export async function bundleWorkers(): Promise<void> {
  const built = path.join(BUNDLED_WORKERS, "main.js");
  const inputs = [path.join(DIST, ".built"), import.meta.filename];
  if (existsSync(built) && inputs.every((input) => changedAt(input) < changedAt(built))) return;
  await build({
    configFile: false,
    logLevel: "warn",
    plugins: [ownPlaces, quickStart],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: "node20",
      outDir: BUNDLED_WORKERS,
      emptyOutDir: true,
      rolldownOptions: {
        input: NAMES.map((name) => path.join(DIST, "worker", `${name}.js`)),
        external: /^@(node-llama-cpp|reflink)\//, // native code
      },
    },
  });
}

function changedAt(file: string): number {
  return statSync(file).mtimeMs;
}

/** Modules find binaries and threads beside their own file: each keeps the place that it has outside of the bundle. */
const ownPlaces: Plugin = {
  name: "own-places",
  enforce: "pre",
  transform: (code, id) =>
    code
      .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
      .replaceAll("import.meta.filename", JSON.stringify(id))
      .replaceAll("import.meta.dirname", JSON.stringify(path.dirname(id))),
};

const quickStart: Plugin = {
  name: "quick-start",
  enforce: "pre",
  transform(code, id) {
    // Before each load, the library tries its binary in another process, which takes as long as the rest of the start.
    if (id.endsWith("node-llama-cpp/dist/bindings/utils/testBindingBinary.js"))
      return "export const testBindingBinary = async () => true;";
    // With a lower priority, the worker would take minutes to load beside the other tests on a busy machine.
    if (id === path.join(DIST, "worker/embedding-main.js")) return code.replace("giveWay();", "");
    return null;
  },
};
