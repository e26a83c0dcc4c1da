// Sends the files of a built page, compressed as scripts/compress-assets.ts has written them for browsers that accept that.

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import express, { type Request, type RequestHandler } from "express";

/** In the order of preference: brotli is smaller. */
const ENCODINGS = [
  { name: "br", extension: ".br" },
  { name: "gzip", extension: ".gz" },
] as const;

type ServeStaticOptions = NonNullable<Parameters<typeof express.static>[1]>;

/**
 * Sends the file of the request's path, with an ETag for each encoding. Other paths are left to the next handler.
 * @param folder read once; it must not change while the server runs
 */
export function builtFiles(
  folder: string,
  options: Pick<ServeStaticOptions, "immutable" | "maxAge" | "cacheControl"> = {},
): RequestHandler {
  const files = namesIn(folder);
  const send = express.static(folder, { ...options, index: false, redirect: false });
  return (req, res, next) => {
    const name = nameIn(req);
    if (name === null || !files.has(name) || isEncoded(name, files)) return next();
    const encodings = ENCODINGS.filter(({ extension }) => files.has(name + extension));
    if (encodings.length > 0) res.vary("accept-encoding");
    const encoding = encodings.find((each) => req.acceptsEncodings(each.name));
    if (!encoding) return send(req, res, next);
    res.type(path.extname(name));
    res.set("content-encoding", encoding.name);
    const { url } = req;
    const restored: typeof next = (error) => {
      req.url = url;
      res.removeHeader("content-encoding");
      next(error);
    };
    req.url = `/${encodeURI(name)}${encoding.extension}`;
    send(req, res, restored);
  };
}

/** Paths below the folder, with slashes on every system. */
function namesIn(folder: string): ReadonlySet<string> {
  if (!existsSync(folder)) return new Set(); // not built
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return new Set(names.map((name) => name.replaceAll(path.sep, "/")));
}

/** The path below the folder; null if it is not valid. */
function nameIn(req: Request): string | null {
  try {
    return decodeURIComponent(req.path).slice(1);
  } catch {
    return null;
  }
}

/** Whether the file is another one, compressed. */
function isEncoded(name: string, files: ReadonlySet<string>): boolean {
  return ENCODINGS.some(
    ({ extension }) => name.endsWith(extension) && files.has(name.slice(0, -extension.length)),
  );
}
