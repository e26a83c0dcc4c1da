// The API's description, for programs and for people. Public: there is nothing of this server in it but its version.

import type { Express, Response } from "express";
import { openapiDocument } from "../api/openapi.ts";
import { renderPage } from "../docs/page.ts";
import { STYLE } from "../docs/style.ts";
import { methodNotAllowed } from "./middleware.ts";

/** The page loads its own style, and nothing else from anywhere. */
const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** @param build name and version of this server */
export function mountDocs(app: Express, build: string): void {
  // Once, before there are streams that it could hold up.
  const document = openapiDocument(build.replace(/^\S+ /, ""));
  const json = JSON.stringify(document);
  const page = renderPage(document);
  app.get("/openapi.json", (_req, res) => send(res, "json", json));
  app.get("/docs", (_req, res) => send(res, "html", page));
  app.get("/docs/style.css", (_req, res) => send(res, "css", STYLE));
  app.all(["/openapi.json", "/docs", "/docs/style.css"], methodNotAllowed("GET"));
}

function send(res: Response, type: string, text: string): void {
  res.setHeader("content-security-policy", POLICY);
  res.setHeader("x-content-type-options", "nosniff");
  res.type(type).send(text);
}
