// Where the access token for the hub comes from.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { takeHubToken } from "../../../src/models/download-network.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-token-"));
const file = path.join(scratch, "token");
afterAll(() => rmSync(scratch, { recursive: true }));

test("the token is that of HF_TOKEN, or of the file that HF_TOKEN_FILE names", () => {
  writeFileSync(file, "hf_secret\n");
  const env: NodeJS.ProcessEnv = { HF_TOKEN_FILE: file };

  expect(takeHubToken({})).toBe(false);
  expect(takeHubToken({ HF_TOKEN: "x" })).toBe(true);
  expect(takeHubToken(env)).toBe(true);
  expect(env.HF_TOKEN).toBe("hf_secret");
});

test("an unusable file, or both variables, is an error that names them", () => {
  writeFileSync(file, " \n");

  expect(() => takeHubToken({ HF_TOKEN_FILE: file })).toThrow(`HF_TOKEN_FILE: ${file} is empty`);
  expect(() => takeHubToken({ HF_TOKEN_FILE: "/nowhere/t" })).toThrow(
    "HF_TOKEN_FILE: cannot read /nowhere/t: ENOENT",
  );
  expect(() => takeHubToken({ HF_TOKEN_FILE: file, HF_TOKEN: "x" })).toThrow(
    "HF_TOKEN and HF_TOKEN_FILE are both given; give only one of them",
  );
});
