// Tokens: which are accepted, and what becomes of their claims.

import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, expect, test } from "vitest";
import { NO_LIMITS } from "../../../../src/keys/caller.ts";
import { JwtCallers, type JwtOptions, looksLikeJwt } from "../../../../src/keys/jwt/jwt-callers.ts";

const ISSUER = "https://login.example.org";
const lab = { owner: "group:lab", name: "lab", limits: { ...NO_LIMITS, tokensPerDay: 100 } };

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let options: JwtOptions;
beforeAll(async () => {
  keys = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "ES256" };
  options = {
    issuer: ISSUER,
    audience: "sluice",
    findKey: createLocalJWKSet({ keys: [jwk] }),
    nameClaims: ["preferred_username", "email", "sub"],
    scopes: ["generate"],
    scopeClaim: "scope",
    groupClaim: "groups",
    groupNamed: (name) => (name === "lab" ? lab : null),
  };
});

const CLAIMS = { iss: ISSUER, aud: "sluice", sub: "user-1" };
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

function sign(claims: object, key = keys.privateKey, header: object = {}): Promise<string> {
  return new SignJWT({ exp: inSeconds(60), ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "one", ...header })
    .sign(key);
}

test("a valid token is a caller, the same one for every token of its subject", async () => {
  const callers = new JwtCallers(options);

  const first = await callers.authenticate(await sign({ preferred_username: "alice" }));
  const second = await callers.authenticate(await sign({ email: "a@example.org" }));
  const other = await callers.authenticate(await sign({ sub: "user-2" }));

  expect(first).toMatchObject({ name: "jwt:alice", scopes: ["generate"], limits: NO_LIMITS });
  expect(first.owner).toMatch(/^jwt:[\da-f]{64}$/);
  expect(second).toMatchObject({ owner: first.owner, name: "jwt:a@example.org" });
  expect(other).toMatchObject({ name: "jwt:user-2" });
  expect(other.owner).not.toBe(first.owner);
  expect(callers.callers.map(({ name }) => name)).toEqual(["jwt:a@example.org", "jwt:user-2"]);
});

test("a caller that takes the name of another one gets a name of its own", async () => {
  const callers = new JwtCallers(options);
  const nameOf = async (sub: string, claimed: string) =>
    (await callers.authenticate(await sign({ sub, preferred_username: claimed }))).name;

  const names = [
    await nameOf("1", "alice_b"),
    await nameOf("2", "alice_b"),
    await nameOf("3", "alice b"), // becomes alice_b
    await nameOf("1", "alice_b"),
  ];

  expect(names[0]).toBe("jwt:alice_b");
  expect(names[1]).toMatch(/^jwt:alice_b#[\da-f]{12}$/);
  expect(names[2]).toMatch(/^jwt:alice_b#[\da-f]{12}$/);
  expect(names[2]).not.toBe(names[1]);
  expect(names[3]).toBe("jwt:alice_b");
});

test("claims give scopes of this server and a group of the keys file, and no others", async () => {
  const callers = new JwtCallers(options);
  const callerWith = async (claims: object) => callers.authenticate(await sign(claims));

  expect(await callerWith({ scope: "openid read admin", groups: ["x", "lab"] })).toMatchObject({
    scopes: ["read", "admin"],
    group: lab,
  });
  expect(await callerWith({ scope: ["embed"], groups: "lab" })).toMatchObject({
    scopes: ["embed"],
    group: lab,
  });
  expect(await callerWith({ scope: "openid", groups: ["y"] })).toMatchObject({
    scopes: ["generate"],
    group: null,
  });
  expect((await callerWith({ preferred_username: "a\nb<c>" })).name).toBe("jwt:a_b_c_");
});

test.each<[string, object, string]>([
  ["that has expired", { exp: inSeconds(-40) }, "this token has expired"],
  ["of another issuer", { iss: "https://other.example.org" }, "its iss is not as required"],
  ["for another audience", { aud: "mail" }, "its aud is not as required"],
  ["that is not valid yet", { nbf: inSeconds(60) }, "its nbf is not as required"],
  ["that never expires", { exp: undefined }, "its exp is not as required"],
  ["without a subject", { sub: undefined }, "its sub is not as required"],
])("a token %s is refused", async (_what, claims, message) => {
  const token = await sign(claims);

  const refused = new JwtCallers(options).authenticate(token);

  await expect(refused).rejects.toMatchObject({
    code: "invalid_api_key",
    message: expect.stringContaining(message),
  });
});

test("clocks may differ by some seconds", async () => {
  const token = await sign({ exp: inSeconds(-20), nbf: inSeconds(20) });

  expect(await new JwtCallers(options).authenticate(token)).toMatchObject({ name: "jwt:user-1" });
});

test("a token with a wrong signature, an unknown key, no signature, or a secret as its key is refused", async () => {
  const callers = new JwtCallers(options);
  const other = await generateKeyPair("ES256");
  const hmac = new SignJWT({ ...CLAIMS, exp: inSeconds(60) }).setProtectedHeader({ alg: "HS256" });
  const tokens = [
    await sign({}, other.privateKey),
    await sign({}, other.privateKey, { kid: "two" }),
    `${new UnsecuredJWT({ ...CLAIMS, exp: inSeconds(60) }).encode()}AA`,
    await hmac.sign(new TextEncoder().encode("x".repeat(32))),
    "a.b.c",
  ];

  for (const token of tokens) {
    const refused = callers.authenticate(token);
    await expect(refused).rejects.toMatchObject({
      code: "invalid_api_key",
      message: "this token is not valid",
    });
  }
  expect(callers.callers).toEqual([]);
});

test("remembers a thousand callers, the ones that were seen last", async () => {
  const callers = new JwtCallers({ ...options, findKey: async () => keys.publicKey });
  for (let user = 0; user < 1_002; user += 1)
    await callers.authenticate(await sign({ sub: `${user}` }));

  expect(callers.callers).toHaveLength(1_000);
  expect(callers.callers[0]?.name).toBe("jwt:2");
});

test("only three parts in base64url look like a token", () => {
  expect(["a.b.c", "eyJ-_.x.y"].map(looksLikeJwt)).toEqual([true, true]);
  expect(["sluice-abc", "a.b", "a.b.c.d", "a..c", "a.b.c="].map(looksLikeJwt)).not.toContain(true);
});
