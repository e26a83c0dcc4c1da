// The installed dependencies are the tested ones: each in one exact version, and all from the npm registry.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Manifest = Readonly<
  Record<"dependencies" | "devDependencies", Readonly<Record<string, string>>>
>;
type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> };
type LockedPackage = {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  /** A package for another system may have no checksum, if the registry in use did not have it. */
  readonly optional?: boolean;
};

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const { dependencies, devDependencies } = read("package.json") as Manifest;
const { packages } = read("package-lock.json") as Lock;
const locked = Object.entries(packages).filter(([name]) => name !== "");

test("every dependency has one exact version, and the lock file has the same", () => {
  const wanted = Object.entries({ ...dependencies, ...devDependencies });

  expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  for (const [name, version] of wanted)
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
});

test("every locked package has a checksum and comes from the npm registry", () => {
  expect(locked.length).toBeGreaterThan(100);
  expect(
    locked
      .filter(([, each]) => each.link || !(each.integrity || each.optional))
      .map(([name]) => name),
  ).toEqual([]);
  const elsewhere = locked.filter(
    ([, { resolved }]) => resolved && !resolved.startsWith("https://registry.npmjs.org/"),
  );
  expect(elsewhere.map(([name]) => name)).toEqual([]);
});
