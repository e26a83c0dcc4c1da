// The API's description, for programs and for people. Public: there is nothing of this server in it but its version.

import type { Express, Request } from "express";
import { openapiDocument } from "../../api/openapi/document.ts";
import { EXAMPLE_BASE, renderPage } from "../docs-page/page.ts";
import { STYLE } from "../docs-page/style.ts";
import { methodNotAllowed } from "../server/middleware.ts";
import { pageHeaders } from "../server/security-headers.ts";

/** @param build name and version of this server */
export function mountDocs(app: Express, build: string): void {
  const { json, page } = descriptionOf(build);
  // The page loads its own style, and nothing else from anywhere.
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

/** By build: it takes a tenth of a second, and is the same for every server of a process. */
const descriptions = new Map<string, Description>();

/** Made when a server starts, before there are streams that it could hold up. */
function descriptionOf(build: string): Description {
  const known = descriptions.get(build);
  if (known) return known;
  const document = openapiDocument(build.replace(/^\S+ /, ""));
  const made = { json: JSON.stringify(document), page: renderPage(document) };
  descriptions.set(build, made);
  return made;
}

/** As the reader calls this server. What is no plain name or address is not repeated. */
function baseOf(req: Request): string {
  const host = req.get("host") ?? "";
  return /^[\w.:[\]-]+$/.test(host) ? `${req.protocol}://${host}` : EXAMPLE_BASE;
}
