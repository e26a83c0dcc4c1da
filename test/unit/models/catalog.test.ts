// Which names are served.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { Catalog } from "../../../src/models/catalog.ts";

function catalog(...aliases: string[]): Catalog {
  return new Catalog({ fileName: "tiny-q4", aliases });
}

test("serves the file's name when there is no alias", () => {
  const { ids, realId } = catalog();

  expect(ids).toEqual(["tiny-q4"]);
  expect(realId).toBe("tiny-q4");
});

test("serves the aliases instead of the file's name, each once", () => {
  expect(catalog("gpt", "llama", "gpt").ids).toEqual(["gpt", "llama"]);
});

test("takes a request that names no model for the only one there is", () => {
  expect(catalog("gpt", "llama").resolve(null)).toBe("gpt");
});

test("answers under the alias that was asked for", () => {
  expect(catalog("gpt", "llama").resolve("llama")).toBe("llama");
});

test("refuses an unknown name, says what is served, and how to serve it", () => {
  const refuse = () => catalog("gpt", "llama").resolve("claude");

  expect(refuse).toThrow(ServiceError);
  expect(refuse).toThrow(
    'the model "claude" is not served here; served: gpt, llama. ' +
      "To serve it under that name too, start with --alias gpt --alias llama --alias claude, " +
      "or with --alias '*' for any name",
  );
  expect(refuse).toThrow(expect.objectContaining({ code: "model_not_found", field: "model" }));
});

test("does not serve the file's name when there are aliases", () => {
  expect(() => catalog("gpt").resolve("tiny-q4")).toThrow("is not served here");
});

test("serves any name with the alias '*', which is no name itself", () => {
  const any = catalog("*");

  expect(any.ids).toEqual(["tiny-q4"]);
  expect(any.resolve("whatever")).toBe("tiny-q4");
});

test("answers with the first alias to any name where '*' is one of several", () => {
  const any = catalog("*", "gpt", "llama");

  expect(any.ids).toEqual(["gpt", "llama"]);
  expect(any.resolve("whatever")).toBe("gpt");
});

test("takes the tag :latest for nothing, unless it is part of the id", () => {
  const resolve = (name: string) => catalog("gpt", "llama:latest").resolve(name);

  expect(["gpt:latest", "llama:latest"].map(resolve)).toEqual(["gpt", "llama:latest"]);
  expect(() => resolve("gpt:8b")).toThrow(ServiceError);
});
