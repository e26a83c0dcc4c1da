// The document describes everything that a client may send.

import { expect, test } from "vitest";
import { fieldRows } from "../../../../scripts/field-rows.ts";
import { openapiDocument } from "../../../../src/api/openapi/document.ts";

const { components, paths } = openapiDocument("0");

test("every field of every request schema has a description", () => {
  const silent = Object.entries(components.schemas)
    .filter(([name]) => name.endsWith("Request"))
    .flatMap(([name, schema]) => fieldRows(schema).map((row) => ({ name, ...row })))
    .filter(({ description }) => description === "");

  expect(silent.map(({ name, path }) => `${name}.${path}`)).toEqual([]);
});

test("every parameter has a description", () => {
  const silent = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods)
      .flatMap(({ parameters }) => parameters)
      .filter((parameter) => "name" in parameter && parameter.description === "")
      .map((parameter) => [path, parameter]),
  );

  expect(silent).toEqual([]);
});
