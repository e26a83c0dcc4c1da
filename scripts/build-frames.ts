// Builds the frames of the chat page: each src/web/frames/NAME-frame.ts becomes dist/web/frames/NAME.html with its script inside, so that
// the server can allow exactly this script by its hash. Part of `npm run build`, after the page.

import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "vite";

const ROOT = path.join(import.meta.dirname, "../src/web/frames");
const PAGE = path.join(import.meta.dirname, "../dist/web");
const ENDING = "-frame.ts";

mkdirSync(path.join(PAGE, "frames"), { recursive: true });
for (const file of readdirSync(ROOT).filter((name) => name.endsWith(ENDING))) {
  const name = file.slice(0, -ENDING.length);
  await buildFrame(name, path.join(ROOT, file));
}

async function buildFrame(name: string, entry: string): Promise<void> {
  const built = await build({
    configFile: false,
    root: ROOT,
    logLevel: "warn",
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      target: "baseline-widely-available",
      license: { fileName: "licenses.md" },
      lib: { entry, formats: ["iife"], name: "frame" },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  if (!Array.isArray(built)) throw new Error(`${name}: Vite watches instead of building`);
  for (const file of built.flatMap(({ output }) => output)) {
    if (file.type === "chunk")
      writeFileSync(path.join(PAGE, "frames", `${name}.html`), html(name, file.code));
    else appendFileSync(path.join(PAGE, "licenses.md"), `\n${file.source}`);
  }
}

/** `</script` and `<!--` would end the script, or change how it is read. */
function html(name: string, code: string): string {
  const script = code.replaceAll(/<(?=\/script|!--)/gi, "\\x3c");
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><script>${script}</script></html>\n`;
}
