// Which names are served.

import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import { Catalog } from "../../../../src/models/names/catalog.ts";

type Names = readonly [string, ...string[]];

function catalog(names: Names, servesAny = false, ...others: readonly Names[]): Catalog<string> {
  const [first, ...rest] = [names, ...others].map((each) => ({
    names: each,
    value: `the model ${each[0]}`,
  }));
  if (!first) throw new Error("there is a first one");
  return new Catalog({ entries: [first, ...rest], servesAny, advisesAlias: true });
}

test("takes a request that names no model for the first one", () => {
  const first = catalog(["gpt", "llama"], false, ["qwen"]).resolve(null);

  expect(first).toEqual({ id: "gpt", value: "the model gpt" });
});

test("answers under the name that was asked for", () => {
  const found = catalog(["gpt", "llama"], false, ["qwen", "q"]);

  expect(found.ids).toEqual(["gpt", "llama", "qwen", "q"]);
  expect(found.resolve("llama")).toEqual({ id: "llama", value: "the model gpt" });
  expect(found.resolve("q")).toEqual({ id: "q", value: "the model qwen" });
});

test("refuses an unknown name, says what is served, and how to serve it", () => {
  const refuse = () => catalog(["gpt", "llama"], false, ["qwen"]).resolve("claude");

  expect(refuse).toThrow(ServiceError);
  expect(refuse).toThrow(
    'the model "claude" is not served here; served: gpt, qwen, llama. ' +
      "To serve it under that name too, start with --alias gpt --alias llama --alias claude, " +
      "or with --alias '*' for any name",
  );
  expect(refuse).toThrow(expect.objectContaining({ code: "model_not_found", field: "model" }));
});

test("says only what is served, where no answer is asked for", () => {
  const refuse = (name: string) => {
    const names = Array.from({ length: 12 }, (_, index) => `model-${index}`);
    const entries = [{ names: ["small", "tiny"] as const, value: "small" }] as const;
    const others = names.map((each) => ({ names: [each] as const, value: each }));
    new Catalog({
      entries: [...entries, ...others],
      servesAny: false,
      advisesAlias: false,
    }).resolve(name);
  };
  const served =
    "served: small, model-0, model-1, model-2, model-3, model-4, model-5, model-6, model-7, model-8 and 4 more";

  expect(() => refuse("smal")).toThrow(
    expect.objectContaining({
      message: `the model "smal" is not served here (did you mean small?); ${served}`,
    }),
  );
  expect(() => refuse("claude")).toThrow(
    expect.objectContaining({ message: `the model "claude" is not served here; ${served}` }),
  );
});

test("suggests an alias too, and nothing for a long name", () => {
  const refuse = (name: string) => () => catalog(["gpt", "llama"]).resolve(name);

  expect(refuse("lama")).toThrow("(did you mean llama?)");
  expect(refuse(`${"-".repeat(100)}llama`)).toThrow(/is not served here; served/);
});

test("does not repeat many aliases", () => {
  const refuse = () => catalog(["a1", "a2", "a3", "a4", "a5", "a6"]).resolve("claude");

  expect(refuse).toThrow("start with a further --alias claude, or with --alias '*'");
});

test("lists up to ten names in an error", () => {
  const others = Array.from({ length: 24 }, (_, index): Names => [`m${index}`]);
  const refuse = () => catalog(["gpt"], false, ...others).resolve("claude");

  expect(refuse).toThrow("m7, m8 and 15 more. To serve");
});

test("gives the first model to any name that no other model has, if it serves any", () => {
  const any = catalog(["gpt", "llama"], true, ["qwen"]);

  expect(any.resolve("whatever")).toEqual({ id: "gpt", value: "the model gpt" });
  expect(any.resolve("qwen")).toEqual({ id: "qwen", value: "the model qwen" });
});

test("takes the tag :latest for nothing, unless it is part of the id", () => {
  const resolve = (name: string) => catalog(["gpt", "llama:latest"]).resolve(name).id;

  expect(["gpt:latest", "llama:latest"].map(resolve)).toEqual(["gpt", "llama:latest"]);
  expect(() => resolve("gpt:8b")).toThrow(ServiceError);
});

test("finds nothing for a name that is not served", () => {
  expect(catalog(["gpt"]).find("claude")).toBeNull();
});
