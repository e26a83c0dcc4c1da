// `sluice keys` as a user runs it: as a process of its own.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { BUNDLED_MAIN } from "../../support/engines/bundled-programs.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-keys-process-"));
afterAll(() => rmSync(scratch, { recursive: true }));

type Ended = { readonly code: number; readonly out: string; readonly err: string };

function sluice(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const all = [BUNDLED_MAIN, ...args];
    const options = { env: { ...process.env, XDG_CONFIG_HOME: scratch, ...env } };
    execFile(process.execPath, all, options, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test("adds, lists and revokes keys in the user's own folder", async () => {
  const file = path.join(scratch, "sluice/keys.json");

  const added = await sluice(["keys", "add", "alice", "--concurrent", "2"]);
  expect(added.code).toBe(0);
  expect(added.out).toMatch(/^alice: sluice-[\w-]{43}\n$/); // nothing else: a script can read it
  expect(added.err).toContain(`--keys-file ${file}`);
  expect(statSync(file).mode & 0o777).toBe(0o600);

  expect((await sluice(["keys", "list"])).out).toMatch(/\nalice +generate,embed,read +2 /);
  const revoked = await sluice(["keys", "revoke", "alice"]);
  expect(revoked).toMatchObject({ code: 0, out: "revoked alice\n" });
});

test("ends with 1 and one line when something is wrong", async () => {
  const { code, out, err } = await sluice(["keys", "revoke", "alice"], {
    SLUICE_KEYS_FILE: path.join(scratch, "missing.json"),
  });

  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(
    /^sluice: there is no keys file .*missing\.json; create it with: sluice keys add .*\n$/,
  );
});

test("the server does not start with a broken keys file, and names it", async () => {
  const file = path.join(scratch, "broken.json");
  writeFileSync(file, '{"version":1,"keys":[{"name":"a"}]}');

  const { code, err } = await sluice(["--port", "0"], { SLUICE_KEYS_FILE: file });

  expect(code).toBe(1);
  expect(err).toMatch(/^sluice: the keys file .*broken\.json is not valid: keys\.0\.sha256: .*\n$/);
});

test("the server in a clone names the command that makes its missing keys file", async () => {
  const file = path.join(scratch, "none.json");

  const { code, err } = await sluice(["--port", "0", "--keys-file", file], {
    npm_lifecycle_event: "start",
  });

  expect(code).toBe(1);
  expect(err).toBe(
    `sluice: there is no keys file ${file}; create it with: npm start -- keys add NAME --keys-file ${file}\n`,
  );
});

test("prints help", async () => {
  const { out } = await sluice(["keys", "--help"]);
  expect(out).toContain("usage: sluice keys add NAME");
  expect((await sluice(["--help"])).out).toContain("sluice keys --help");
});
