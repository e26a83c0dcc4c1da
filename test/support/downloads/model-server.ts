// Small local servers for tests of downloads: one model file, served as a test wants, and a hub that redirects to it.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";

export const MIB = 2 ** 20;
/** Three chunks of the downloader (5 MiB each), which it fetches side by side from 0, 5 and 10 MiB. */
export const MODEL_BYTES = Buffer.alloc(15 * MIB, "GGUF model bytes ");
export const MODEL_SHA256 = createHash("sha256").update(MODEL_BYTES).digest("hex");

const servers = new Set<Server>();

/** For `afterAll`. */
export function closeModelServers(): void {
  for (const server of servers) server.close().closeAllConnections();
  servers.clear();
}

type ServeOptions = {
  readonly file?: Buffer;
  readonly hasRanges?: boolean;
  /** Sends the body; `count` numbers the range requests, or all requests where there are no ranges. */
  readonly send?: (
    response: ServerResponse,
    bytes: Buffer,
    at: { start: number; count: number },
  ) => unknown;
};

/** Serves one file; every range asked for and every token received is noted. */
export async function serveModel({
  file = MODEL_BYTES,
  hasRanges = true,
  send,
}: ServeOptions = {}) {
  const ranges: { start: number; end: number }[] = [];
  const tokens: string[] = [];
  let requests = 0;
  const url = await listen((request, response) => {
    requests++;
    if (request.headers.authorization) tokens.push(request.headers.authorization);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (hasRanges) response.setHeader("accept-ranges", "bytes");
    if (!range || !hasRanges) {
      response.setHeader("content-length", file.length);
      if (hasRanges || !send) return response.end(file);
      return send(response, file, { start: 0, count: requests });
    }
    const start = Number(range[1]);
    const end = Number(range[2]) + 1;
    ranges.push({ start, end });
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${file.length}`);
    response.setHeader("content-length", end - start);
    const bytes = file.subarray(start, end);
    return send ? send(response, bytes, { start, count: ranges.length }) : response.end(bytes);
  });
  return { url: `${url}/model.gguf`, ranges, tokens };
}

/** A hub with one gated repository: it knows the manifest and redirects to where the file is stored. */
export function serveHub(storageUrl: string, sha256: string): Promise<string> {
  return listen((request, response) => {
    if (request.headers.authorization !== "Bearer secret") response.writeHead(401).end();
    else if (request.url === "/v2/user/repo-GGUF/manifests/Q4_K_M")
      response.end(JSON.stringify({ ggufFile: { rfilename: "repo-Q4_K_M.gguf" } }));
    else if (request.url?.startsWith("/user/repo-GGUF/resolve/main/repo-Q4_K_M.gguf"))
      response.writeHead(302, { location: storageUrl, "x-linked-etag": `"${sha256}"` }).end();
    else response.writeHead(404).end();
  });
}

export async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  servers.add(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}
