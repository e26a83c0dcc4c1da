// The models that a gateway offers, from what its nodes announce.

import { beforeEach, expect, test } from "vitest";
import { ClusterModels } from "../../../../src/cluster/gateway/cluster-models.ts";
import type { GatewayProblem } from "../../../../src/cluster/gateway/nodes.ts";
import type { AnnouncedModel, Announcement } from "../../../../src/cluster/messages.ts";
import { announcedModel } from "../../../support/cluster/fake-node.ts";

let models: ClusterModels;
let problem: GatewayProblem | null = null;
let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  problem = null;
  models = new ClusterModels({
    log: (_, message) => warnings.push(message),
    problem: () => problem,
  });
});

function node(name: string, ...announced: Partial<AnnouncedModel>[]): Announcement {
  return {
    type: "announce",
    name,
    incarnation: `${name}1`,
    startedAtMs: 1,
    release: "0",
    isDraining: false,
    models: announced.map(announcedModel),
  };
}

const ids = () => models.configured.generating.map(({ names }) => names[0]);

test("offers what nodes have loaded, the default one first by name", () => {
  models.update(
    [
      node("a", { key: "z", names: ["zeta"] }, { key: "b", names: ["beta"] }),
      node("b", { key: "e", names: ["embed"], kind: "embedding", isForEmbedding: true }),
    ],
    0,
  );

  const { generating, embedding, ranking, others } = models.configured;
  expect(generating.map(({ names }) => names)).toEqual([["beta"], ["zeta"]]);
  expect(generating[0]).toMatchObject({ file: "b", isRemote: true, isPinned: true });
  expect([embedding?.names[0], ranking]).toEqual(["embed", null]);
  expect(others?.map(({ file }) => file)).toEqual(["e"]);
});

test("says why a model is missing for now", () => {
  expect(models.missing(null)).toMatchObject({
    code: "engine_unavailable",
    message: "no node serves a model yet",
    retryAfterSeconds: 2,
  });
  problem = { status: "standby", reason: "this gateway stands by" };
  expect(models.missing("m")?.message).toBe("this gateway stands by");

  problem = null;
  models.update([node("a", {}, { key: "n", names: ["new"], info: null, state: "loading" })], 0);
  expect(ids()).toEqual(["m"]);
  expect(models.missing("new")?.message).toContain("loading");
  expect(models.missing("other")).toBeNull();
});

test("a model without nodes stays for five minutes", () => {
  models.update([node("a", {})], 0);
  models.update([], 299_000);
  expect(ids()).toEqual(["m"]);
  models.update([], 300_000);
  expect(ids()).toEqual([]);
});

test("names of all nodes count, and the first one stays", () => {
  models.update([node("a", { names: ["m", "x"] })], 0);
  models.update([node("b", { names: ["y", "m"] })], 1);
  expect(models.configured.generating[0]?.names).toEqual(["m", "x", "y"]);
});

test("another file under the name of a served model is left out, with one line", () => {
  models.update([node("a", {}), node("b", { key: "other" })], 0);
  models.update([node("a", {}), node("b", { key: "other" })], 1);
  expect(models.configured.generating.map(({ file }) => file)).toEqual(["k"]);
  expect(warnings).toEqual([expect.stringMatching(/"m" of the node b is left out/)]);

  models.update([node("b", { key: "other" })], 2); // the old file is gone
  expect(models.configured.generating.map(({ file }) => file)).toEqual(["other"]);
});
