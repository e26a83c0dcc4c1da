// The frames of the chat page at /frames: parts that need other rights than the page. Each is one file with its script inside
// (scripts/build-frames.ts), which its policy allows by its hash.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Express } from "express";
import { builtFiles } from "../server/built-files.ts";
import { type FrameRights, frameHeaders } from "../server/security-headers.ts";

const FRAMES = "/frames";

/** What each frame may do besides running its script. All others are refused, as on the page. */
const RIGHTS: Readonly<Record<string, FrameRights>> = {
  /** Runs tools that the user wrote: with an origin of its own, no network and no storage. */
  tool: { isSandboxed: true, workerSrc: ["blob:"] },
  /** Connects to MCP servers that the user added. */
  mcp: { isSandboxed: false, connectSrc: ["http:", "https:"] },
  /** Draws diagrams: with an origin of its own, no network, and styles within the drawing. */
  mermaid: { isSandboxed: true, styleSrc: ["'unsafe-inline'"] },
};

export function mountFrames(app: Express, folder: string): void {
  for (const [name, rights] of Object.entries(RIGHTS)) {
    const file = path.join(folder, `${name}.html`);
    if (existsSync(file)) app.get(`${FRAMES}/${name}.html`, frameHeaders(hashOf(file), rights));
  }
  app.use(FRAMES, builtFiles(folder, { cacheControl: false }));
}

function hashOf(file: string): string {
  const [, script = ""] = /<script>(.*)<\/script>/s.exec(readFileSync(file, "utf8")) ?? [];
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}
