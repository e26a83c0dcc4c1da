// One request to a running server, for the commands that talk to it: which server, with which key, and what its refusals mean.

import { readPlainKeys } from "../../keys/plain-keys-file.ts";
import { CommandError } from "../command-error.ts";
import { exchangeHttp } from "./http-exchange.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

export type ServerAddress = {
  /** Without a path; `unix:/PATH` for a Unix socket. */
  readonly url: string;
  readonly key: string | undefined;
  /** The words that run sluice, for the command in an error. */
  readonly program: string;
};

export type ServerCall = {
  /** Default: GET. */
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Maximum time to the end of the answer. */
  readonly timeoutMs?: number;
};

export type ServerAnswer = { readonly status: number; readonly body: unknown };

type Env = Readonly<NodeJS.ProcessEnv>;
type AddressWords = {
  readonly values: { readonly url?: string; readonly key?: string };
  readonly env: Env;
  readonly program: string;
};

const TIMEOUT_MS = 10_000;
/** Nothing listens at the address, or no such host or socket exists. */
const NO_SERVER =
  /^(ECONNREFUSED|ENOTFOUND|ENOENT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

/** The lines for the help of a command that talks to a server. @param width of the column with the options */
export function addressHelp(width = "--key KEY   ".length): string {
  return [
    ["--url URL", `address of the server, or unix:/PATH (default: ${DEFAULT_URL})`],
    ["--key KEY", "API key, if the server requires one (default: SLUICE_API_KEY or its _FILE)"],
  ]
    .map(([option = "", text]) => `  ${option.padEnd(width)}${text}`)
    .join("\n");
}

/** @param values of --url and --key. @throws CommandError, or KeysFileError for a file of the key that cannot be read */
export function readAddress({ values, env, program }: AddressWords): ServerAddress {
  const url = values.url ?? DEFAULT_URL;
  const isKnown = /^https?:\/\//i.test(url) || url.startsWith("unix:/");
  if (!isKnown || !URL.canParse(url))
    throw new CommandError(
      `--url is "${url}": allowed is an address such as ${DEFAULT_URL} or unix:/run/sluice.sock`,
    );
  return {
    url: url.replace(/\/+(v1\/*)?$/, ""),
    key: values.key ?? keyOf(env),
    program,
  };
}

/** The first key of the server's own variables. @throws KeysFileError for a file that cannot be read */
function keyOf({ SLUICE_API_KEY, SLUICE_API_KEY_FILE }: Env): string | undefined {
  if (SLUICE_API_KEY) return SLUICE_API_KEY.split(",")[0] || undefined;
  return SLUICE_API_KEY_FILE ? readPlainKeys(SLUICE_API_KEY_FILE)[0] : undefined;
}

/** @returns null if there is no server. @throws CommandError if the server does not answer in time, or breaks the connection */
export async function callServer(
  { url, key }: ServerAddress,
  { method = "GET", path, body, timeoutMs = TIMEOUT_MS }: ServerCall,
): Promise<ServerAnswer | null> {
  const headers = {
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(body && { "content-type": "application/json" }),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { status, text } = await exchangeHttp(url, {
      ...{ method, path, headers, signal },
      body: body ? JSON.stringify(body) : null,
    });
    return { status, body: jsonOrEmpty(text) };
  } catch (error) {
    const why = signal.aborted ? "no answer in time" : reasonOf(error);
    if (NO_SERVER.test(why)) return null;
    throw new CommandError(`${url} did not answer ${method} ${path}: ${why}`);
  }
}

/** A proxy may answer with a page. @returns an empty object for a text that is not JSON */
function jsonOrEmpty(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** As callServer, for a command that needs a server. @throws CommandError also if there is none, or it refuses */
export async function askServer(address: ServerAddress, call: ServerCall): Promise<unknown> {
  const answer = await callServer(address, call);
  if (!answer) throw noServer(address);
  return acceptedBody(answer, address, call);
}

function noServer({ url, program }: ServerAddress): CommandError {
  return new CommandError(
    `there is no server at ${url}; start one with: ${program}, or name another with --url`,
  );
}

/** @returns the body of a successful answer. @throws CommandError with the reason that the server gives */
export function acceptedBody(
  { status, body }: ServerAnswer,
  { url, key }: ServerAddress,
  { method = "GET", path }: ServerCall,
): unknown {
  if (status >= 200 && status < 300) return body;
  if (status === 401)
    throw new CommandError(
      key === undefined
        ? `${url} requires an API key: give it with --key or SLUICE_API_KEY`
        : `${url} refused the API key: give a valid one with --key or SLUICE_API_KEY`,
    );
  const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
  const [said] = typeof message === "string" ? message.split("\n") : [];
  throw new CommandError(said ?? `${url} answered ${status} to ${method} ${path}`);
}

/** An error of several attempts, at the addresses of one host, has the code of the first. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
