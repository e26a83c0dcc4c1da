// The credentials of a NATS connection: a file, or the user info of a server's URL.

import { readFileSync } from "node:fs";
import { type Auth, type Authenticator, credsAuthenticator } from "@nats-io/transport-node";
import { ClusterConnectionError } from "./connection-error.ts";

/** Begins the first section of a .creds file. */
const CREDS = "BEGIN NATS USER JWT";

/**
 * Reads the file again at every attempt to connect, so that new credentials need no restart.
 *
 * @throws ClusterConnectionError for a file that cannot be read or is empty
 */
export function credentialsFromFile(file: string): Authenticator {
  let last = readCredentials(file);
  return (nonce) => {
    try {
      last = readCredentials(file);
    } catch {
      // An error here would end the connection for good. The file may be there again at the next attempt.
    }
    return last(nonce);
  };
}

/** Null for URLs without user info. */
export function credentialsFromUrls(urls: readonly URL[]): Authenticator | null {
  const url = urls.find(({ username }) => username !== "");
  if (!url) return null;
  const user = decodeURIComponent(url.username);
  return url.password === "" ? tokenOf(user) : userOf(user, decodeURIComponent(url.password));
}

function readCredentials(file: string): Authenticator {
  const text = readText(file).trim();
  if (text === "")
    throw new ClusterConnectionError(
      `--cluster-credentials: ${file} is empty; allowed are a .creds file, USER:PASSWORD or a token`,
    );
  if (text.includes(CREDS)) return credsAuthenticator(Buffer.from(text));
  const colon = text.indexOf(":");
  return colon < 0 ? tokenOf(text) : userOf(text.slice(0, colon), text.slice(colon + 1));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ClusterConnectionError(`--cluster-credentials: cannot read ${file}: ${code}`);
  }
}

function tokenOf(token: string): () => Auth {
  return () => ({ auth_token: token });
}

function userOf(user: string, pass: string): () => Auth {
  return () => ({ user, pass });
}
