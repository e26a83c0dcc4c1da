// The frames of the chat page at /frames: parts that need other rights than the page. Each is one file with its script inside
// (scripts/build-frames.ts), which its policy allows by its hash.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Express, RequestHandler } from "express";
import { builtFiles } from "../server/built-files.ts";
import { type FrameRights, frameHeaders } from "../server/security-headers.ts";

const FRAMES = "/frames";

/** What each frame may do besides running its script. Everything else is refused, as on the page. */
const RIGHTS: Readonly<Record<string, FrameRights>> = {
  /** Runs tools that the user wrote. It has its own origin, no network and no storage. */
  tool: { isSandboxed: true, workerSrc: ["blob:"] },
  /** Connects to MCP servers that the user added. */
  mcp: { isSandboxed: false, connectSrc: ["http:", "https:"] },
  /** Draws diagrams, with styles inside the drawing. It has its own origin and no network. */
  mermaid: { isSandboxed: true, styleSrc: ["'unsafe-inline'"] },
};

export function mountFrames(app: Express, folder: string): void {
  for (const [name, rights] of Object.entries(RIGHTS)) {
    const file = path.join(folder, `${name}.html`);
    if (existsSync(file)) app.get(`${FRAMES}/${name}.html`, headersFor(file, rights));
  }
  app.use(FRAMES, builtFiles(folder, { cacheControl: false }));
}

/** Reads the file at the first request: a start of the server needs none of its 3 MB. */
function headersFor(file: string, rights: FrameRights): RequestHandler {
  let setHeaders: RequestHandler | null = null;
  return (req, res, next) => {
    setHeaders ??= frameHeaders(hashOf(file), rights);
    setHeaders(req, res, next);
  };
}

function hashOf(file: string): string {
  const html = readFileSync(file);
  const begin = html.indexOf("<script>") + "<script>".length;
  const script = html.subarray(begin, html.lastIndexOf("</script>"));
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}
