// The service worker: the page opens without the server. It keeps the files of the page, and no answer of the API. Built into one
// file without imports, at the same place in every version.
//
// The page itself comes from the network as long as the server answers, so that a new version is shown at once. Its files have a hash
// in their names, so old and new ones never mix. A new worker takes over, and deletes what the old one kept, when no tab uses that.

/** What the build writes here: a hash of the page, and the files that it needs to open, separated by spaces. */
const [VERSION = "", ...SHELL] = "__PAGE_FILES__".split(" ");

/** The page waits for the server for this time, if it has another copy. */
const PAGE_TIMEOUT_MS = 5_000;
/** A proxy's answers for a server that is down. */
const UNREACHABLE = new Set([502, 503, 504]);

/** The parts of `ServiceWorkerGlobalScope` that are used. TypeScript's types of it exclude those of pages. */
type WorkerScope = {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: string, listener: (event: WorkerEvent) => void): void;
};
type WorkerEvent = {
  readonly request: Request;
  waitUntil(work: Promise<unknown>): void;
  respondWith(response: Promise<Response>): void;
};

const worker = self as unknown as WorkerScope;
const { scope } = worker.registration;
const PREFIX = `sluice-page ${scope} `;
const CACHE = PREFIX + VERSION;

worker.addEventListener("install", (event) => event.waitUntil(keepShell()));
worker.addEventListener("activate", (event) => event.waitUntil(takeOver()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(scope)) return;
  const path = url.href.slice(scope.length).replace(/[?#].*$/, "");
  if (request.mode === "navigate" && path === "") event.respondWith(openPage(request));
  else if (path.startsWith("assets/") || SHELL.includes(path))
    event.respondWith(keptOrLoaded(request));
});

async function keepShell(): Promise<void> {
  const page = new Request(scope, { headers: { accept: "text/html" }, cache: "no-cache" });
  const cache = await caches.open(CACHE);
  await cache.addAll([page, ...SHELL]);
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function openPage(request: Request): Promise<Response> {
  const loading = fetch(request);
  const kept = await find(scope);
  if (!kept) return loading;
  try {
    const response = await Promise.race([loading, afterTimeout()]);
    return UNREACHABLE.has(response.status) ? kept : response;
  } catch {
    return kept; // there is no server, or it is too slow
  }
}

async function keptOrLoaded(request: Request): Promise<Response> {
  const kept = await find(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) {
    const cache = await caches.open(CACHE);
    await cache.put(request, response.clone()).catch(() => {}); // no space: it is loaded again the next time
  }
  return response;
}

/** `Vary` says nothing here: only the page is kept at the page's address, and the browser has decoded what is kept. */
async function find(request: Request | string): Promise<Response | undefined> {
  const cache = await caches.open(CACHE);
  return cache.match(request, { ignoreVary: true });
}

function afterTimeout(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error("the server is too slow")), PAGE_TIMEOUT_MS);
  });
}
