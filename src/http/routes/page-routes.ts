// The chat page at /, from the build in dist/web. Public: only its API requests need a key.

import { existsSync } from "node:fs";
import path from "node:path";
import type { Express, RequestHandler } from "express";
import { builtFiles } from "../server/built-files.ts";
import { mountGet } from "../server/middleware.ts";
import { pageHeaders } from "../server/security-headers.ts";
import { mountFrames } from "./page-frames.ts";

/** These files have a hash of their content in the name. */
const ASSETS = "/assets";
/** Files that keep their names in every version. */
const FIXED_FILES = [
  "/favicon.svg",
  "/icon-192.png",
  "/icon-512.png",
  "/manifest.webmanifest",
  "/service-worker.js",
];

/** @param folder the built page; without it, browsers get the list of paths at `/` too */
export function mountPage(app: Express, folder: string | null): void {
  const index = path.join(folder ?? "", "index.html");
  if (folder === null || !existsSync(index)) return;
  const headers = pageHeaders();
  const sendPage: RequestHandler = (_req, res) =>
    res.set("cache-control", "no-cache").sendFile(index);
  app.get("/", (req, res, next) => {
    res.vary("accept");
    // Programs accept JSON or anything; only browsers prefer HTML.
    if (req.accepts(["json", "html"]) !== "html") return next();
    headers(req, res, () => void sendPage(req, res, next));
  });
  const files = builtFiles(path.join(folder, ASSETS), { immutable: true, maxAge: "365d" });
  app.get(`${ASSETS}/*file`, headers);
  app.use(ASSETS, files);
  mountFrames(app, path.join(folder, "frames"));
  for (const file of FIXED_FILES)
    mountGet(app, file, headers, (_req, res) =>
      res.set("cache-control", "no-cache").sendFile(path.join(folder, file)),
    );
}
