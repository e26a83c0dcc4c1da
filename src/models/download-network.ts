// The network side of download.ts: limits the requests and waits of a download, and explains its failures. node-llama-cpp and
// ipull use the global fetch, without a time limit and with up to 150 retries.

import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { deferred } from "../generation/deferred.ts";

const MAX_FIRST_CONTACTS = 3;
const MAX_REQUESTS_WITHOUT_BYTES = 40;
/** When all bytes have arrived, only the disk is slow. ipull counts a short last chunk as a full one, so this is not exact. */
const FLUSH_LIMIT_MS = 120_000;

type Progress = { readonly totalSize: number; readonly downloadedSize: number };

export type DownloadFailure = {
  readonly message: string;
  /**
   * A retry may fix a transient one. After a failed write the unfinished file is damaged: ipull marks bytes as written before
   * they are, so it claims too much.
   */
  readonly kind: "fatal" | "damaged" | "transient";
};

/** An attempt ends with what these throw. */
type AttemptEvents = {
  /** More bytes have arrived than before. */
  readonly onNewBytes: (progress: Progress) => void;
  /** A server has said how large a file is; called before anything of it is requested. */
  readonly onSize: (bytes: number) => void;
};

type AttemptState = {
  readonly onSize: AttemptEvents["onSize"];
  readonly ended: AbortController;
  readonly wholeBodies: Set<string>;
  readonly fail: (reason: unknown) => void;
  requestsWithoutBytes: number;
  hasBytes: boolean;
};

/** A retry cannot fix it. The message is one line. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
}

const fatal = (message: string): DownloadFailure => ({ kind: "fatal", message });
const damaged = (message: string): DownloadFailure => ({ kind: "damaged", message });
const transient = (message: string): DownloadFailure => ({ kind: "transient", message });

/** A connection went silent or broke too often. */
class CutError extends Error {}

/** The state of all requests. One per process, because it replaces the global fetch. */
export class DownloadNetwork {
  /** The files requested in this attempt, with the headers that gave access to them. */
  readonly files = new Map<string, Headers>();
  /** False once a server has failed to send a part of a file. */
  canResume = true;
  readonly #timeoutMs: number;
  readonly #hasToken: boolean;
  readonly #fetch = globalThis.fetch;
  readonly #attempts = new AsyncLocalStorage<AttemptState>();
  #current: AttemptState | undefined;
  #host = "the server";
  #tokenHost = "";
  #hasAnswered = false;
  #failedContacts = 0;
  #refusedStatus = 0;
  #lastError: unknown;

  /** @param options.hasToken whether HF_TOKEN is set, which the library sends to the hub */
  constructor({ timeoutMs, hasToken }: { readonly timeoutMs: number; readonly hasToken: boolean }) {
    this.#timeoutMs = timeoutMs;
    this.#hasToken = hasToken;
    globalThis.fetch = (input, init) => this.#limitedFetch(input, init);
    // ipull does not handle the rejected promise of a failed slice or disk write.
    process.on("unhandledRejection", (reason) => this.#current?.fail(reason));
  }

  begin({ onNewBytes, onSize }: AttemptEvents) {
    const failed = deferred<never>();
    const state: AttemptState = {
      onSize,
      ended: new AbortController(),
      wholeBodies: new Set(),
      fail: (reason) => failed.reject(reason as Error), // explain() takes every value
      requestsWithoutBytes: 0,
      hasBytes: false,
    };
    this.#current = state;
    this.files.clear();
    const { onProgress, stop } = this.#watchBytes(state, onNewBytes);
    return {
      onProgress,
      /** Returns the step's result; rejects as soon as no byte has arrived for too long or a limit is reached. */
      run: <T>(step: () => Promise<T>): Promise<T> =>
        Promise.race([this.#attempts.run(state, step), failed.promise]),
      /** Aborts the remaining requests. Only for a closed download, because ipull takes an abort for the end of the file. */
      end() {
        stop();
        state.ended.abort();
      },
    };
  }

  #watchBytes(state: AttemptState, onNewBytes: (progress: Progress) => void) {
    const timeoutMs = this.#timeoutMs;
    const onSilence = () =>
      state.fail(new CutError(`no data from ${this.#host} for ${timeoutMs / 1000} s`));
    let silence = setTimeout(onSilence, timeoutMs);
    let current = 0;
    let most = 0;

    function onProgress(progress: Progress): void {
      const { downloadedSize, totalSize } = progress;
      if (downloadedSize === current) return;
      current = downloadedSize;
      state.hasBytes = true;
      clearTimeout(silence);
      silence = setTimeout(onSilence, current === totalSize ? FLUSH_LIMIT_MS : timeoutMs);
      // A broken connection loses an unfinished chunk and the count falls: only a new maximum is progress.
      if (current <= most) return;
      most = current;
      state.requestsWithoutBytes = 0;
      try {
        onNewBytes(progress);
      } catch (error) {
        state.fail(error); // the library would only print it
      }
    }
    return { onProgress, stop: () => clearTimeout(silence) };
  }

  /** The SHA-256 that the hub states for a large file, in a header of its redirect, which the library does not read. */
  async sha256(url: string): Promise<string | undefined> {
    const headers = this.files.get(url) ?? new Headers();
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const settings = { method: "HEAD", redirect: "manual", headers, signal } as const;
    const response = await this.#fetch(url, settings);
    return /^"?([0-9a-f]{64})"?$/.exec(response.headers.get("x-linked-etag") ?? "")?.[1];
  }

  explain(error: unknown): DownloadFailure {
    const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    const code = errorCode(error);
    if (error instanceof DownloadError) return fatal(message);
    if (/^(ENOSPC|EDQUOT)$/.test(code))
      return damaged(`the disk is full (${code}); free some space and run the command again`);
    if (/^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EISDIR|EFBIG|EIO)$/.test(code))
      return damaged(`cannot write the file: ${message}`);
    if (this.#refusedStatus) return this.#explainStatus(this.#refusedStatus);
    const sizes = /^Expected (\d+) bytes, but got (\d+|NaN) bytes/.exec(message);
    if (sizes)
      return fatal(
        `size mismatch: ${this.#host} sent ${sizes[2]} bytes instead of ${sizes[1]}; if its file has changed, delete the unfinished .ipull file and run the command again`,
      );
    const lost = errorCode(this.#lastError) || code;
    const why = lost && ` (${lost})`;
    if (error instanceof CutError) return transient(`${message}${why}`);
    const hint = this.#host === "huggingface.co" ? "; HF_ENDPOINT can name another hub" : "";
    if (!this.#hasAnswered) return transient(`cannot reach ${this.#host}${why}${hint}`);
    return this.#lastError === undefined
      ? fatal(message)
      : transient(`the connection to ${this.#host} broke${why}`);
  }

  #explainStatus(status: number): DownloadFailure {
    const answer = `${this.#host} answered ${status}`;
    if (status === 401 || status === 403) {
      // The address at a storage host expires during a long download; the next attempt gets a new one.
      if (this.#current?.hasBytes) return transient(answer);
      const remedy = this.#hasToken
        ? "the token in HF_TOKEN has no access to it"
        : "accept the model's terms on the hub, then set HF_TOKEN to your access token";
      return fatal(`${answer}: the model is gated, private or does not exist; ${remedy}`);
    }
    if (status >= 500 || status === 429 || status === 408) return transient(answer);
    return fatal(`${answer}: there is no such model or file; check the spelling`);
  }

  async #limitedFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const attempt = this.#attempts.getStore();
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    this.#host = url.host;
    // The library would also send the hub's token to the storage host that the hub redirects to.
    if (headers.has("authorization")) this.#tokenHost ||= url.host;
    if (url.host !== this.#tokenHost) headers.delete("authorization");
    // ipull sends accept-encoding only with the request for a file's size, and accept only with those for its bytes.
    if (headers.has("accept-encoding")) this.files.set(url.href, headers);
    if (attempt && headers.get("accept") === "*/*") this.#countBody(attempt, url.href, headers);

    const limit = new AbortController();
    const late = new CutError(`no answer from ${url.host} in ${this.#timeoutMs / 1000} s`);
    const timer = setTimeout(() => limit.abort(late), this.#timeoutMs);
    const signals = [limit.signal, init.signal, attempt?.ended.signal].filter((signal) => !!signal);
    try {
      const settings = { ...init, headers, signal: AbortSignal.any(signals) };
      const response = await this.#fetch(input, settings);
      this.#hasAnswered = true;
      this.#lastError = undefined;
      this.#refusedStatus = response.ok ? 0 : response.status;
      if (response.ok && headers.has("accept-encoding")) attempt?.onSize(sizeIn(response.headers));
      return response;
    } catch (error) {
      if (attempt?.ended.signal.aborted) throw error;
      const refusal = refusalIn(error, url.host);
      if (refusal) {
        attempt?.fail(refusal); // ipull would try again
        throw refusal;
      }
      this.#lastError = error;
      if (!this.#hasAnswered && ++this.#failedContacts >= MAX_FIRST_CONTACTS) attempt?.fail(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #countBody(attempt: AttemptState, url: string, headers: Headers): void {
    attempt.ended.signal.throwIfAborted();
    this.canResume = headers.has("range");
    // After a broken connection ipull continues to write where it was, but this server starts again from the first byte: the
    // file would be garbage.
    const isRepeated = !this.canResume && attempt.wholeBodies.has(url);
    if (!this.canResume) {
      attempt.wholeBodies.add(url);
      headers.set("accept-encoding", "identity");
    }
    if (!isRepeated && ++attempt.requestsWithoutBytes <= MAX_REQUESTS_WITHOUT_BYTES) return;
    const broke = new CutError(`${this.#host} broke the connection`);
    attempt.fail(broke);
    throw broke;
  }
}

function errorCode(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause)
    if ("code" in at && typeof at.code === "string") return at.code;
  return "";
}

/** 0 if the server does not say. A range has the whole size behind its slash. */
function sizeIn(headers: Headers): number {
  const whole = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return Number(whole ?? headers.get("content-length") ?? 0) || 0;
}

/** Null for an error that another try may fix. The words are those of Node's fetch, which gives no codes for them. */
function refusalIn(error: unknown, host: string): DownloadError | null {
  if (error instanceof DownloadError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : null;
  if (cause?.message === "redirect count exceeded")
    return new DownloadError(`${host} redirects in a circle, or more than 20 times`);
  if (cause?.message === "URL scheme must be a HTTP(S) scheme")
    return new DownloadError(`${host} redirects to an address that is not http(s)`);
  if (errorCode(error) === "ERR_INVALID_URL")
    return new DownloadError(`${host} redirects to an address that is not valid`);
  return null;
}

/**
 * The access token for the hub, which the library reads from HF_TOKEN.
 * @param env gets HF_TOKEN from the file that HF_TOKEN_FILE names
 * @returns whether there is a token
 * @throws DownloadError for a file that cannot be read or is empty, or if both variables are given
 */
export function takeHubToken(env: NodeJS.ProcessEnv): boolean {
  const { HF_TOKEN, HF_TOKEN_FILE } = env;
  if (!HF_TOKEN_FILE) return Boolean(HF_TOKEN);
  if (HF_TOKEN)
    throw new DownloadError("HF_TOKEN and HF_TOKEN_FILE are both given; give only one of them");
  const token = readToken(HF_TOKEN_FILE);
  if (token === "") throw new DownloadError(`HF_TOKEN_FILE: ${HF_TOKEN_FILE} is empty`);
  env.HF_TOKEN = token;
  return true;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DownloadError(`HF_TOKEN_FILE: cannot read ${file}: ${code}`, { cause: error });
  }
}
