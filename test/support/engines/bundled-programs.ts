// The programs of dist/, each with its libraries in one file: loading the 500 files of node-llama-cpp takes most of a start, and
// the tests start some hundred workers and commands. Tests of dist/ itself: model/command.test.ts, service/cli/package.test.ts.

import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "vite";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const DIST = path.join(ROOT, "dist");
const NAMES = [
  "main",
  "models/pull-main",
  "worker/main",
  "worker/embedding-main",
  "worker/describe-main",
] as const;
const FOLDER = path.join(ROOT, "node_modules/.cache/sluice-programs");

/** The command `sluice`. Its server starts the workers of dist/. */
export const BUNDLED_MAIN = path.join(FOLDER, "main.js");
/** The process of a download. */
export const BUNDLED_PULL = path.join(FOLDER, "models/pull-main.js");
/** The folder of the workers. */
export const BUNDLED_WORKERS = path.join(FOLDER, "worker");

/** Writes the bundles, unless they are newer than dist/ and this file. */
export async function bundlePrograms(): Promise<void> {
  const inputs = [path.join(DIST, ".built"), import.meta.filename];
  const isNew = (input: string) => changedAt(input) > changedAt(BUNDLED_MAIN);
  if (existsSync(BUNDLED_MAIN) && !inputs.some(isNew)) return;
  await build({
    configFile: false,
    logLevel: "warn",
    plugins: [ownPlaces, quickStart],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: "node20",
      outDir: FOLDER,
      emptyOutDir: true,
      rolldownOptions: {
        input: Object.fromEntries(NAMES.map((name) => [name, path.join(DIST, `${name}.js`)])),
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
