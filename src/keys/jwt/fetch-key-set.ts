// Fetches the key set of an issuer, from its address or from the one that the issuer's OpenID configuration names.

import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { orAborted } from "../../generation/deferred.ts";
import type { FetchKeySet } from "./key-set.ts";

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_048_576;

const openidConfiguration = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export function fetchFrom(url: string): FetchKeySet {
  return async () => keySet.parse(await fetchJson(url)) as JSONWebKeySet; // jose checks each key that it uses
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
export function fetchFromIssuer(issuer: string): FetchKeySet {
  return async () => {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const configuration = openidConfiguration.parse(await fetchJson(url));
    if (configuration.issuer !== issuer)
      throw new Error(`${url} is of the issuer ${configuration.issuer}`);
    return fetchFrom(configuration.jwks_uri)();
  };
}

async function fetchJson(url: string): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return orAborted(readJson(url, signal), signal); // Node 20's fetch can lose an abort
}

async function readJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal, redirect: "error" });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Ends the loop, which closes the connection: the rest is never read.
    if (bytes > MAX_BYTES) throw new Error(`${url} is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}
