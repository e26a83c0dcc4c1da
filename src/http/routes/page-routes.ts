// The chat page at /, as it was built into dist/web. Public: what it asks for wants a key, if there are keys.

import { existsSync } from "node:fs";
import path from "node:path";
import express, { type Express, type RequestHandler } from "express";
import { methodNotAllowed } from "../server/middleware.ts";
import { pageHeaders } from "../server/security-headers.ts";

/** Their names change with what is in them. */
const ASSETS = "/assets";
const ICON = "/favicon.svg";

/** @param folder of the built page. Where there is none, `/` is the list of paths for browsers too */
export function mountPage(app: Express, folder: string | null): void {
  const index = path.join(folder ?? "", "index.html");
  if (folder === null || !existsSync(index)) return;
  const headers = pageHeaders();
  const sendPage: RequestHandler = (_req, res) =>
    res.set("cache-control", "no-cache").sendFile(index);
  app.get("/", (req, res, next) => {
    res.vary("accept");
    // Programs ask for anything, or JSON; only browsers prefer HTML.
    if (req.accepts(["json", "html"]) !== "html") return next();
    headers(req, res, () => void sendPage(req, res, next));
  });
  const files = express.static(path.join(folder, ASSETS), {
    ...{ immutable: true, maxAge: "365d", index: false, redirect: false },
  });
  app.get(`${ASSETS}/*file`, headers);
  app.use(ASSETS, files);
  app.get(ICON, headers, (_req, res) => res.sendFile(path.join(folder, ICON)));
  app.all(ICON, methodNotAllowed("GET"));
}
