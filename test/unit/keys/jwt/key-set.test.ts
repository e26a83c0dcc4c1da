// The keys of an issuer: when they are fetched, and what happens while they cannot be.

import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { exportJWK, generateKeyPair, type JSONWebKeySet } from "jose";
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { FetchedKeySet, JwksFileError, keySetOfFile } from "../../../../src/keys/jwt/key-set.ts";

const TOKEN = { payload: "", signature: "" };
const header = (kid: string) => ({ alg: "ES256", kid });
let jwk: object;
beforeAll(async () => {
  jwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
});
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const setOf = (...kids: string[]): JSONWebKeySet =>
  ({ keys: kids.map((kid) => ({ ...jwk, kid, alg: "ES256" })) }) as JSONWebKeySet;

function open() {
  const fetchKeys = vi.fn<() => Promise<JSONWebKeySet>>(async () => setOf("one"));
  const log = vi.fn<(message: string) => void>();
  const { find } = new FetchedKeySet(fetchKeys, log);
  const resultOf = (kid: string) =>
    find(header(kid), TOKEN).then(
      () => "found",
      (error: { code: string }) => error.code,
    );
  return { fetchKeys, log, find, resultOf };
}

test("fetches once for many tokens, and again for a new key, but not too often", async () => {
  const { fetchKeys, resultOf } = open();

  expect(await Promise.all(["one", "one", "one"].map(resultOf))).toEqual(Array(3).fill("found"));
  expect(await resultOf("two")).toBe("ERR_JWKS_NO_MATCHING_KEY");
  expect(fetchKeys).toHaveBeenCalledTimes(1); // the last fetch was just before

  fetchKeys.mockResolvedValue(setOf("two"));
  vi.advanceTimersByTime(30_000);
  expect(await resultOf("two")).toBe("found");
  expect(await resultOf("one")).toBe("ERR_JWKS_NO_MATCHING_KEY"); // rotated out
  expect(fetchKeys).toHaveBeenCalledTimes(2);
});

test("while the issuer cannot be reached, known keys are used, and others are a 503 without a fetch for each", async () => {
  const { fetchKeys, log, resultOf, find } = open();
  await resultOf("one");
  fetchKeys.mockRejectedValue(new Error("fetch failed", { cause: new Error("ECONNREFUSED") }));
  vi.advanceTimersByTime(30_000);

  expect(await resultOf("two")).toBe("key_set_unavailable");
  expect(await resultOf("two")).toBe("key_set_unavailable");
  expect(await resultOf("one")).toBe("found");
  expect(fetchKeys).toHaveBeenCalledTimes(2);
  await expect(find(header("two"), TOKEN)).rejects.toMatchObject({ retryAfterSeconds: 10 });
  expect(log.mock.calls).toEqual([[expect.stringContaining("fetch failed: ECONNREFUSED")]]);

  vi.advanceTimersByTime(2 * 3_600_000); // known keys are due for a fetch, which fails
  expect(await resultOf("one")).toBe("found");
  vi.advanceTimersByTime(24 * 3_600_000);
  expect(await resultOf("one")).toBe("key_set_unavailable");
  fetchKeys.mockResolvedValue(setOf("one"));
  vi.advanceTimersByTime(10_000);
  expect(await resultOf("one")).toBe("found");
});

test("a file is read again when it changes, and a broken one changes nothing", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-jwks-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "jwks.json");
  const log = vi.fn<(message: string) => void>();
  expect(() => keySetOfFile(file, log)).toThrow(JwksFileError);
  writeFileSync(file, JSON.stringify(setOf("one")));
  const find = keySetOfFile(file, log);
  const resultOf = async (kid: string) =>
    (async () => find(header(kid), TOKEN))().then(
      () => true,
      () => false,
    );
  expect([await resultOf("one"), await resultOf("two")]).toEqual([true, false]);

  let seconds = 1_900_000_000;
  const rewrite = (text: string) => {
    writeFileSync(file, text);
    seconds += 1;
    utimesSync(file, seconds, seconds);
    vi.advanceTimersByTime(1_000);
  };
  rewrite(JSON.stringify(setOf("two")));
  expect([await resultOf("one"), await resultOf("two")]).toEqual([false, true]);
  rewrite("{");
  expect(await resultOf("two")).toBe(true);
  expect(log.mock.calls).toEqual([[expect.stringContaining("it is no JSON Web Key Set; keeping")]]);
});
