// One accepted, one wrong and one unsupported field for each API over HTTP: the status, the envelope and the header.
// `unit/api/shared/wrong-fields` sends all values of all fields to the parsers.

import { afterAll, beforeAll, expect, test } from "vitest";
import { APIS, rowsOf } from "../../../scripts/conformance.ts";
import { errorDetailsOf } from "../../support/clients/error-text.ts";
import { expectHeldTo, placeOf } from "../../support/clients/expect-schema.ts";
import { post } from "../../support/clients/sse-client.ts";
import { jsonWithField, WRONG_VALUES } from "../../support/clients/wrong-values.ts";
import { type RunningService, startWithFakeEmbeddings } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFakeEmbeddings();
});
afterAll(async () => running.close());

const POSTS = APIS.map((api) => {
  const { path, contract } = api;
  const send = (field: string, json: string) =>
    post(
      running.url + placeOf(path, running.service.models.resolve(null).id),
      jsonWithField(api, field, json),
    );
  const isNamed = ({ path: field, allowed }: ReturnType<typeof rowsOf>[number]) =>
    allowed !== "" && field !== "model" && !/[.[]/.test(field);
  const [required] = rowsOf(api).filter((row) => isNamed(row) && row.hasEffect);
  if (!required) throw new Error(`${path} has no field`);
  const envelope = contract.tag.error;
  return [path, { field: required.path, contract, envelope, send }] as const;
});

test.each(POSTS)("%s answers, and names an ignored field", async (_path, { send }) => {
  const response = await send("zzz", "1");
  await response.arrayBuffer();

  expect([response.status, response.headers.get("x-ignored-params")]).toEqual([200, "zzz"]);
});

test.each(POSTS)("%s refuses wrong values with 400, in its envelope", async (_path, on) => {
  const { field, envelope, send } = on;
  const refusals: string[] = [];
  for (const json of WRONG_VALUES) {
    const response = await send(field, json);
    const answer: unknown = await response.text().then((text) => {
      return response.status === 200 ? null : JSON.parse(text);
    });
    if (answer === null) continue;
    expectHeldTo(envelope, answer);
    const { param } = errorDetailsOf(answer);
    refusals.push(`${response.status} ${String(param).split(/[.[]/)[0]}`);
  }

  expect(new Set(refusals)).toEqual(new Set([`400 ${field}`]));
});

test.each(POSTS)("%s names an unsupported field in the error", async (_path, on) => {
  const { contract, envelope, send } = on;
  const [field] = Object.keys(contract.unsupported);
  if (field === undefined) return;
  const response = await send(field, '{"a":1}');
  const answer: unknown = await response.json();

  expectHeldTo(envelope, answer);
  expect([response.status, errorDetailsOf(answer)]).toEqual([
    400,
    expect.objectContaining({ code: "unsupported_parameter", param: field }),
  ]);
});

test("a model that is not served is a 404 that names the field", async () => {
  for (const [, { contract, envelope, send }] of POSTS) {
    if (!Object.hasOwn(contract.example, "model")) continue;
    const response = await send("model", '"x"');
    const answer: unknown = await response.json();

    expectHeldTo(envelope, answer);
    expect([response.status, errorDetailsOf(answer)]).toEqual([
      404,
      expect.objectContaining({ code: "model_not_found", param: "model" }),
    ]);
  }
});

test("still serves after all cases, and no internal error was counted", async () => {
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  expect(running.service.queue.inside).toBe(0);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
  expect("polluted" in {}).toBe(false);
});
