// The Dockerfile, the compose file and the Helm chart agree with each other and with the package: user, port, folders, times.
// `npm run deploy-check` checks them with the tools that are made for them.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = path.join(import.meta.dirname, "../../..");
const text = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const chart = (file: string) => text(path.join("deploy/helm/sluice", file));

const manifest = JSON.parse(text("package.json"));
const dockerfile = text("Dockerfile");
const compose = parse(text("deploy/compose.yaml"));
const cluster = parse(text("deploy/compose.cluster.yaml"), { merge: true });
const statefulSet = chart("templates/statefulset.yaml");
const gateways = chart("templates/gateways.yaml");
const helpers = chart("templates/_helpers.tpl");
const values = parse(chart("values.yaml"));
const schema = JSON.parse(chart("values.schema.json"));

/** The lines of each image's last stage. */
const images = ["cpu", "cuda"].map((name) => {
  const [, ...stages] = dockerfile.split(/^(?=FROM )/m);
  return stages.find((each) => each.split("\n")[0]?.endsWith(` AS ${name}`)) ?? "";
});
const lineOf = (image: string, instruction: string) =>
  image.split("\n").find((line) => line.startsWith(`${instruction} `));

test("both images have the same user, port, folders, settings and commands", () => {
  const [cpu = "", cuda = ""] = images;
  for (const name of [
    "USER",
    "EXPOSE",
    "VOLUME",
    "ENV",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
  ]) {
    expect(lineOf(cpu, name)).toMatch(/\S+ \S+/);
    expect(lineOf(cuda, name)).toBe(lineOf(cpu, name));
  }
  expect(lineOf(cpu, "USER")).toBe("USER 10001:10001");
  expect(images.every((image) => image.includes(`image.version="${manifest.version}"`))).toBe(true);
});

test("the builder gets all that the package and its build need", () => {
  const sent = text(".dockerignore");
  const scripts = Object.entries(manifest.scripts as Record<string, string>)
    .filter(([name]) => name.startsWith("build:"))
    .flatMap(([, command]) => command.match(/scripts\/[\w-]+(\.ts)?/g) ?? []);
  const models = (manifest.files as string[]).filter((file) => file.startsWith("models/"));

  expect(scripts.length).toBeGreaterThan(2);
  for (const file of [...scripts, ...models]) expect(sent.split("\n")).toContain(`!${file}`);
});

test("all files that the compose file mounts are there", () => {
  const mounted = [compose, cluster]
    .flatMap(({ services }) => Object.values(services as Record<string, { volumes?: string[] }>))
    .flatMap(({ volumes = [] }) => volumes)
    .map((volume) => volume.split(":")[0] ?? "")
    .filter((source) => source.startsWith("."));

  expect(mounted.length).toBeGreaterThan(5);
  expect(mounted.filter((file) => !existsSync(path.join(ROOT, "deploy", file)))).toEqual([]);
});

test("every container of the compose files is read-only, without capabilities, and limited in memory", () => {
  for (const service of [...Object.values(compose.services), cluster.services.nats]) {
    expect(service).toMatchObject({
      ...{ read_only: true, cap_drop: ["ALL"], mem_limit: expect.stringMatching(/\d/) },
      ...{ security_opt: ["no-new-privileges:true"], healthcheck: expect.anything() },
    });
  }
});

test("compose file and chart use the image's user, port and folders", () => {
  const settings = parse(text("deploy/compose/sluice/sluice.yaml"));

  expect(helpers.match(/(?:runAsUser|runAsGroup|fsGroup): \d+/g)).toEqual([
    ...["runAsUser: 10001", "runAsGroup: 10001", "fsGroup: 10001"],
  ]);
  for (const pods of [statefulSet, gateways]) {
    expect(pods).toContain('include "sluice.podSecurity"');
    expect(pods).toContain("containerPort: 8080");
  }
  expect(compose.services.sluice.volumes).toContain("models:/models");
  expect(settings).toMatchObject({ "models-dir": "/models", "keys-file": "/data/keys.json" });
  expect(images.every((image) => image.includes("10001 /models /data"))).toBe(true);
});

test("the containers of a cluster are gateways or nodes, with the NATS credentials of their role", () => {
  const { sluice, nats, ...services } = cluster.services;
  const roleOf = (name: string) => /^(gateway|node)-\d$/.exec(name)?.[1];
  const members = { "gateway-1": sluice, ...services };
  for (const [name, member] of Object.entries<Record<string, unknown>>(members)) {
    const role = roleOf(name);
    if (role === undefined) continue;
    expect(member.command).toEqual([role]);
    expect(member.secrets).toEqual([`nats-${role}`]);
    expect(member.environment).toMatchObject({
      SLUICE_CLUSTER: "nats://nats:4222",
      SLUICE_CLUSTER_CREDENTIALS: `/run/secrets/nats-${role}`,
    });
  }
  expect(Object.keys(members).filter(roleOf)).toHaveLength(4);
  expect(services.nginx.environment.SLUICE_GATEWAYS).toBe("sluice gateway-2");
  expect(nats.volumes[0]).toMatch("./nats.conf:");
});

test("containers have more time to end than the drain takes", () => {
  expect(Number.parseInt(compose.services.sluice.stop_grace_period, 10)).toBeGreaterThan(30);
  for (const pods of [statefulSet, gateways])
    expect(pods).toContain("add .Values.preStopSeconds .Values.drainSeconds 15");
});

test("the chart has the version of the package", () => {
  const { version, appVersion } = parse(chart("Chart.yaml"));

  expect([version, appVersion]).toEqual([manifest.version, manifest.version]);
});

test("the chart's values fit their schema, and each is described and has a default there", () => {
  const isValid = new Ajv({ allErrors: true }).compile(schema);

  expect(isValid(values), JSON.stringify(isValid.errors)).toBe(true);
  expect(isValid({ ...values, replicas: "two" })).toBe(false);
  expect(undescribed(schema)).toEqual([]);
  expect(Object.keys(values).sort()).toEqual(
    Object.keys(schema.properties)
      .filter((name) => name !== "global") // Helm's own
      .sort(),
  );
});

type Schema = { description?: string; properties?: Record<string, Schema> };

function undescribed({ properties = {} }: Schema, prefix = ""): string[] {
  return Object.entries(properties).flatMap(([name, each]) => [
    ...(each.description ? [] : [prefix + name]),
    ...undescribed(each, `${prefix}${name}.`),
  ]);
}
