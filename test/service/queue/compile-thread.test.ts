// The thread that compiles schemas: scripted threads that hang, end or grow, and the real one.

import path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { CompileThread, type CompileThreadOptions } from "../../../src/compile/compile-thread.ts";
import type { CompileOutcome } from "../../../src/compile/outcome.ts";
import { SchemaCompiler } from "../../../src/compile/schema-compiler.ts";
import { ServiceError } from "../../../src/errors.ts";

const SCRIPTED = path.join(import.meta.dirname, "../../support/engines/scripted-thread.mjs");
const REAL = path.join(import.meta.dirname, "../../../dist/compile/thread-main.js");

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

function scripted(options: Partial<CompileThreadOptions> = {}) {
  const outcomes: string[] = [];
  const thread = new CompileThread({
    entry: SCRIPTED,
    timeoutMs: 60_000,
    known: () => undefined,
    onOutcome: (text) => outcomes.push(text),
    ...options,
  });
  opened.push(thread);
  const { signal } = new AbortController();
  const run = (act: string, more: { signal?: AbortSignal; owner?: string } = {}) =>
    thread.run(JSON.stringify({ act }), { signal, owner: "", ...more }).then(grammarOf);
  return { thread, run, outcomes };
}

function grammarOf(outcome: CompileOutcome): string | null {
  return outcome.type === "compiled" ? outcome.compiled.grammar : outcome.message;
}

const refusalOf = (work: Promise<unknown>): Promise<ServiceError> =>
  work.then(
    () => Promise.reject(new Error("it was not refused")),
    (error) => error,
  );

test("a document that takes too long is refused, and the next ones get a new thread", async () => {
  const { run } = scripted({ timeoutMs: 1_000 });

  const hanging = refusalOf(run("hang"));
  const next = run("compile");

  expect(await hanging).toMatchObject({
    code: "unsupported_schema",
    message: expect.stringContaining("longer than 1 seconds"),
  });
  expect(await next).toBe("document 1 of this thread");
  expect(await run("compile")).toBe("document 2 of this thread");
});

test("an idle thread ends, and the next document gets a new one", async () => {
  const { run } = scripted();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    expect(await run("compile")).toBe("document 1 of this thread");
    vi.advanceTimersByTime(9_000);
    expect(await run("compile")).toBe("document 2 of this thread");
    vi.advanceTimersByTime(10_000);
    expect(await run("compile")).toBe("document 1 of this thread");
  } finally {
    vi.useRealTimers();
  }
});

test.each(["throw", "exit"])("a thread that ends by %s fails only its document", async (act) => {
  const { run } = scripted();

  const [failed, next] = await Promise.all([refusalOf(run(act)), run("compile")]);

  expect(failed).toMatchObject({
    code: "internal_error",
    message: "the server failed on this request",
  });
  expect(next).toBe("document 1 of this thread");
});

test("a thread whose program is missing fails each document, and nothing else", async () => {
  const { run } = scripted({ entry: `${SCRIPTED}.missing` });

  expect(await refusalOf(run("compile"))).toMatchObject({ code: "internal_error" });
  expect(await refusalOf(run("compile"))).toMatchObject({ code: "internal_error" });
});

test("a document that takes too much memory is refused, and this process keeps running", async () => {
  const { run } = scripted();

  expect(await refusalOf(run("grow"))).toMatchObject({
    code: "unsupported_schema",
    message: expect.stringContaining("256 MB"),
  });
  expect(await run("compile")).toBe("document 1 of this thread");
});

test("the document of a client that disconnects is not compiled, unless it had begun", async () => {
  const { run, outcomes } = scripted();
  const leaving = new AbortController();
  const [first, second] = ["first", "second"].map((act) =>
    refusalOf(run(act, { signal: leaving.signal })),
  );
  const last = run("last");

  leaving.abort(new ServiceError("aborted", "it left"));

  expect(await first).toMatchObject({ code: "aborted" });
  expect(await second).toMatchObject({ code: "aborted" });
  await last;
  expect(outcomes).toEqual(['{"act":"first"}', '{"act":"last"}']);
});

test("owners take turns", async () => {
  const { run, outcomes } = scripted();
  const order = ["a1", "a2", "a3", "b1"];

  await Promise.all(order.map((act) => run(act, { owner: act.charAt(0) })));

  expect(outcomes.map((text) => JSON.parse(text).act)).toEqual(["a1", "a2", "b1", "a3"]);
});

test("a document that was compiled while an equal one waited is not compiled again", async () => {
  const known = new Map<string, CompileOutcome>();
  const { run } = scripted({
    known: (text) => known.get(text),
    onOutcome: (text, outcome) => known.set(text, outcome),
  });

  const answers = await Promise.all([run("same"), run("same"), run("other")]);

  expect(answers).toEqual([
    "document 1 of this thread",
    "document 1 of this thread",
    "document 2 of this thread",
  ]);
});

test("closing ends running and waiting documents", async () => {
  const { thread, run } = scripted();
  const [hanging, waiting] = [refusalOf(run("hang")), refusalOf(run("compile"))];

  await thread.close();

  expect((await hanging).code).toBe("draining");
  expect((await waiting).code).toBe("draining");
});

const { signal } = new AbortController();
const answerOf = (schema: unknown) => ({
  answer: { schema: schema as never, param: "format", isStrict: true }, // made of JSON here
  tools: [],
});
const LARGE = {
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: 200 }, (_, n) => [`property${n}`, { type: "string", maxLength: n + 1 }]),
  ),
};

test("the real thread gives the same result as this process; small documents need no thread", async () => {
  const [withThread, without] = [REAL, `${REAL}.missing`].map((entry) => {
    const compiler = new SchemaCompiler({ entry });
    opened.push(compiler);
    return (schema: unknown) => compiler.compile(answerOf(schema), { signal, owner: "" });
  });
  const small = { type: "object", properties: { a: { type: "integer" } } };

  expect((await without?.(small))?.grammar).toContain("root ::=");
  expect((await withThread?.(small))?.grammar).toContain("root ::=");
  expect((await withThread?.(LARGE))?.grammar).toContain('"\\"property199\\""');
  await expect(without?.(LARGE)).rejects.toMatchObject({ code: "internal_error" });
});

test("a small document with much work goes to the thread", async () => {
  const compiler = new SchemaCompiler({ entry: `${REAL}.missing` });
  opened.push(compiler);
  const schema = { type: "string", pattern: "[a-f0-9]{90}" };

  const compiling = compiler.compile(answerOf(schema), { signal, owner: "" });

  await expect(compiling).rejects.toMatchObject({ code: "internal_error" });
});

test("a refusal in the thread has the same message as in this process", async () => {
  const compiler = new SchemaCompiler({ entry: REAL });
  opened.push(compiler);
  const schema = {
    ...LARGE,
    properties: { ...LARGE.properties, a: { type: "array", uniqueItems: true } },
  };

  const compiling = compiler.compile(answerOf(schema), { signal, owner: "" });

  await expect(compiling).rejects.toMatchObject({
    code: "unsupported_schema",
    param: "format.properties.a.uniqueItems",
    message: expect.stringContaining("format.properties.a.uniqueItems: cannot be enforced"),
  });
});
