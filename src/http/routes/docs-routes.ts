// The API's description as OpenAPI document and as page. Public: it shows nothing about this server except its version.

import type { Express, Request } from "express";
import { openapiDocument } from "../../api/openapi/document.ts";
import { EXAMPLE_BASE, renderPage } from "../docs-page/page.ts";
import { STYLE } from "../docs-page/style.ts";
import { methodNotAllowed } from "../server/middleware.ts";
import { pageHeaders } from "../server/security-headers.ts";

/** @param build the name and version of this server */
export function mountDocs(app: Express, build: string): void {
  const { json, page } = descriptionOf(build);
  // The page loads its own style sheet and nothing else.
  const headers = pageHeaders({
    scriptSrc: ["'none'"],
    imgSrc: ["'none'"],
    connectSrc: ["'none'"],
  });
  app.get("/openapi.json", (_req, res) => void res.type("json").send(json));
  app.get("/docs", headers, (req, res) => {
    res.type("html").send(page.replaceAll(EXAMPLE_BASE, baseOf(req)));
  });
  app.get("/docs/style.css", (_req, res) => void res.type("css").send(STYLE));
  app.all(["/openapi.json", "/docs", "/docs/style.css"], methodNotAllowed("GET"));
}

type Description = { readonly json: string; readonly page: string };

/** Cached by build: rendering takes 0.1 s, and all servers of a process share the result. */
const descriptions = new Map<string, Description>();

/** Called when a server starts, so that rendering delays no stream. */
function descriptionOf(build: string): Description {
  const known = descriptions.get(build);
  if (known) return known;
  const document = openapiDocument(build.replace(/^\S+ /, ""));
  const description = { json: JSON.stringify(document), page: renderPage(document) };
  descriptions.set(build, description);
  return description;
}

/** The base URL by which the reader reached this server, if its Host header is a plain name or address. */
function baseOf(req: Request): string {
  const host = req.get("host") ?? "";
  return /^[\w.:[\]-]+$/.test(host) ? `${req.protocol}://${host}` : EXAMPLE_BASE;
}
