// A Vite plugin that writes the list of the page's files into the service worker.

import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const WORKER = "service-worker.js";
const PLACE = "__PAGE_FILES__";
/** Files outside the bundle that the page needs. */
const PUBLIC_FILES = ["favicon.svg", "manifest.webmanifest"];

type Bundle = Parameters<Extract<Plugin["generateBundle"], (...args: never) => unknown>>[1];

/** @param lazy names of the lazy chunks that are needed to show conversations */
export function pageFiles(lazy: readonly string[]): Plugin {
  return {
    name: "page-files",
    enforce: "post",
    apply: "build",
    generateBundle(_options, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk" || !worker.code.includes(PLACE))
        throw new Error(`${WORKER} has no place for the list of files`);
      const files = [...new Set([...neededFiles(bundle, lazy), ...PUBLIC_FILES])].sort();
      const page = bundle["index.html"];
      const source = page?.type === "asset" ? page.source : "";
      const version = createHash("sha256").update(source).update(files.join()).digest("hex");
      worker.code = worker.code.replace(PLACE, [version.slice(0, 16), ...files].join(" "));
    },
  };
}

/** The entry and the lazy chunks, with all that they import statically. */
function neededFiles(bundle: Bundle, lazy: readonly string[]): string[] {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const missing = lazy.filter((name) => !chunks.some((chunk) => chunk.name === name));
  if (missing.length > 0) throw new Error(`there is no chunk named ${missing.join(", ")}`);
  const needed = new Set<string>();
  const add = (fileName: string) => {
    const chunk = bundle[fileName];
    if (chunk?.type !== "chunk" || needed.has(fileName)) return;
    needed.add(fileName);
    for (const style of chunk.viteMetadata?.importedCss ?? []) needed.add(style);
    for (const imported of chunk.imports) add(imported);
  };
  for (const { name, fileName } of chunks)
    if (name === "index" || lazy.includes(name)) add(fileName);
  return [...needed];
}
