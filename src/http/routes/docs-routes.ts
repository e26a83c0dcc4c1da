// The API's description as OpenAPI document and as page. Public: it shows nothing about this server except its version.

import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Express, Request } from "express";
import { openapiDocument } from "../../api/openapi/document.ts";
import { ServiceError } from "../../errors.ts";
import { methodNotAllowed } from "../server/middleware.ts";
import { pageHeaders } from "../server/security-headers.ts";

/** The server's address in the examples of the built page. */
export const EXAMPLE_BASE = "http://127.0.0.1:8080";

export type DocsDeps = {
  /** The name and version of this server. */
  readonly build: string;
  /** The folder with docs.html and docs.css, which scripts/docs-page writes. */
  readonly builtFolder: string;
};

export function mountDocs(app: Express, { build, builtFolder }: DocsDeps): void {
  const json = documentOf(build);
  // The page loads its own style sheet and nothing else.
  const headers = pageHeaders({
    scriptSrc: ["'none'"],
    imgSrc: ["'none'"],
    connectSrc: ["'none'"],
  });
  app.get("/openapi.json", (_req, res) => void res.type("json").send(json));
  app.get("/docs", headers, async (req, res) => {
    const page = await readBuilt(path.join(builtFolder, "docs.html"));
    res.type("html").send(page.replaceAll(EXAMPLE_BASE, baseOf(req)));
  });
  app.get("/docs/style.css", async (_req, res) => {
    res.type("css").send(await readBuilt(path.join(builtFolder, "docs.css")));
  });
  app.all(["/openapi.json", "/docs", "/docs/style.css"], methodNotAllowed("GET"));
}

/** Cached by build: making it takes 0.1 s, and all servers of a process share the result. */
const documents = new Map<string, string>();

/** Called when a server starts, so that it delays no stream. */
function documentOf(build: string): string {
  const json = documents.get(build) ?? JSON.stringify(openapiDocument(build.replace(/^\S+ /, "")));
  documents.set(build, json);
  return json;
}

async function readBuilt(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new ServiceError("not_found", "the page is not built; run `npm run build`", { cause });
  }
}

/** The base URL by which the reader reached this server, if its Host header is a plain name or address. */
function baseOf(req: Request): string {
  const host = req.get("host") ?? "";
  return /^[\w.:[\]-]+$/.test(host) ? `${req.protocol}://${host}` : EXAMPLE_BASE;
}
