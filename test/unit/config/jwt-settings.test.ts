// The settings of tokens: which of them go together, and which addresses are safe.

import { expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";

const ISSUER = "https://login.example.org";
const read = (...args: string[]) => readCommandLine(args, {});
const both = ["--jwt-issuer", ISSUER, "--jwt-audience", "sluice"];

test("tokens are keys, so the server may be open to other machines", () => {
  expect(read(...both, "--host", "0.0.0.0")).toMatchObject({
    config: {
      jwtIssuer: ISSUER,
      jwtScope: ["generate", "embed", "read"],
      jwtNameClaim: ["preferred_username", "email", "sub"],
    },
  });
});

test.each<[string, string[], string]>([
  ["an issuer alone", both.slice(0, 2), "--jwt-issuer also requires --jwt-audience"],
  ["an audience alone", both.slice(2), "--jwt-audience also requires --jwt-issuer"],
  [
    "a URL with a password",
    ["--jwt-issuer", "https://a:secret@login.example.org", "--jwt-audience", "sluice"],
    '--jwt-issuer is "https://***@login.example.org": allowed is an https URL',
  ],
  ["keys alone", ["--jwt-jwks", "keys.json"], "--jwt-jwks also requires --jwt-issuer"],
  ["an issuer without TLS", ["--jwt-issuer", "http://login.example.org"], "an https URL"],
  ["an issuer that is no URL", ["--jwt-issuer", "login"], "an https URL"],
  ["keys without TLS", [...both, "--jwt-jwks", "http://login.example.org/keys"], "an https URL"],
])("refuses %s", (_what, args, message) => {
  expect(() => read(...args)).toThrow(message);
});

test.each(["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])(
  "accepts %s, which is this machine",
  (issuer) => {
    expect(() => read("--jwt-issuer", issuer, "--jwt-audience", "x")).not.toThrow();
  },
);
