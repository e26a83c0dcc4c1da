// The API's description as OpenAPI document and as page. Public: it shows nothing about this server except its version.

import { existsSync } from "node:fs";
import path from "node:path";
import type { Express } from "express";
import { openapiDocument } from "../../api/openapi/document.ts";
import { ServiceError } from "../../errors.ts";
import { builtFiles } from "../server/built-files.ts";
import { mountGet } from "../server/middleware.ts";
import { pageHeaders } from "../server/security-headers.ts";

export type DocsDeps = {
  /** The name and version of this server. */
  readonly build: string;
  /** The folder with docs/, which scripts/docs-page writes. */
  readonly builtFolder: string;
};

export function mountDocs(app: Express, { build, builtFolder }: DocsDeps): void {
  const json = documentOf(build);
  const folder = path.join(builtFolder, "docs");
  const index = path.join(folder, "index.html");
  const isBuilt = existsSync(index);
  mountGet(app, "/openapi.json", (_req, res) => void res.type("json").send(json));
  mountGet(app, "/docs", pageHeaders(), (req, res) => {
    if (!isBuilt) throw new ServiceError("not_found", "the page is not built; run `npm run build`");
    // The page's links are relative, so that it works behind any prefix of a proxy.
    if (req.path.endsWith("/")) return res.redirect("../docs");
    res.sendFile(index);
  });
  app.use("/docs", builtFiles(folder));
}

/** Cached by build: making it takes 0.1 s, and all servers of a process share the result. */
const documents = new Map<string, string>();

/** Called when a server starts, so that it delays no stream. */
function documentOf(build: string): string {
  const json = documents.get(build) ?? JSON.stringify(openapiDocument(build.replace(/^\S+ /, "")));
  documents.set(build, json);
  return json;
}
