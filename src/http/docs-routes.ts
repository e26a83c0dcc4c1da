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
  const { json, page } = descriptionOf(build);
  app.get("/openapi.json", (_req, res) => send(res, "json", json));
  app.get("/docs", (_req, res) => send(res, "html", page));
  app.get("/docs/style.css", (_req, res) => send(res, "css", STYLE));
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

function send(res: Response, type: string, text: string): void {
  res.setHeader("content-security-policy", POLICY);
  res.setHeader("x-content-type-options", "nosniff");
  res.type(type).send(text);
}
