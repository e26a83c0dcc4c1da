// Writes the software bill of materials of the package, sluice-VERSION.cdx.json (CycloneDX): `npm run sbom`. Besides the npm
// dependencies it lists what is built into files of the package: the scripts of the pages, llama.cpp, and the built-in model.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

type Component = {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly [field: string]: unknown;
};

type Sbom = {
  readonly metadata: { readonly component: Component; readonly [field: string]: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
};

const ROOT = path.join(import.meta.dirname, "..");
/** The page at /docs is a copy of this package. Those of the chat page are in the list of licences that its build writes. */
const COPIED = "swagger-ui-dist";
const MODEL = "models/builtin.gguf";

const read = (file: string) => readFileSync(path.join(ROOT, file));
const readJson = (file: string) => JSON.parse(read(file).toString());

const { name, version } = readJson("package.json");
const installed = npmSbom("--omit=dev");
const bundled = bundledComponents(npmSbom());
const sbom: Sbom = {
  ...installed,
  metadata: {
    ...installed.metadata,
    component: { ...installed.metadata.component, name, type: "application" }, // npm takes the folder's name
  },
  components: [...installed.components, ...bundled, llamaCpp(), builtinModel()],
};
const file = `${name}-${version}.cdx.json`;
writeFileSync(path.join(ROOT, file), `${JSON.stringify(sbom, null, 2)}\n`);
console.log(`${file}: ${sbom.components.length} components`);

function npmSbom(...options: readonly string[]): Sbom {
  const args = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only", ...options];
  const text = execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 28 });
  return JSON.parse(text);
}

/** Packages whose code is in dist/: for npm they are development dependencies. @throws Error if one is not in the lock file */
function bundledComponents({ components }: Sbom): readonly Component[] {
  const licences = read("dist/web/licenses.md").toString();
  const listed = [...licences.matchAll(/^## (\S+) - (\S+) \(/gm)].map(
    ([, name, version]) => `${name}@${version}`,
  );
  if (listed.length === 0) throw new Error("dist/web/licenses.md lists no package");
  const known = new Set(installed.components.map((each) => each["bom-ref"]));
  const copied = components.find((each) => each.name === COPIED)?.["bom-ref"] ?? COPIED;
  const wanted = new Set([...listed, copied].filter((ref) => !known.has(ref)));
  return [...wanted].map((ref) => {
    const component = components.find((each) => `${each.name}@${each.version}` === ref);
    if (!component) throw new Error(`${ref} is in the built pages but not in the lock file`);
    return { ...component, properties: [{ name: "sluice:bundled-in", value: "dist" }] };
  });
}

/** The packages @node-llama-cpp/* contain it as binaries. */
function llamaCpp(): Component {
  const info = readJson("node_modules/node-llama-cpp/llama/llama.cpp.info.json");
  const { tag, llamaCppGithubRepo: repository } = info as Record<string, string>;
  return {
    "bom-ref": `llama.cpp@${tag}`,
    type: "library",
    name: "llama.cpp",
    version: String(tag),
    purl: `pkg:github/${repository}@${tag}`,
    licenses: [{ license: { id: "MIT" } }],
    properties: [{ name: "sluice:bundled-in", value: "@node-llama-cpp/*" }],
  };
}

function builtinModel(): Component {
  const content = createHash("sha256").update(read(MODEL)).digest("hex");
  return {
    "bom-ref": MODEL,
    type: "machine-learning-model",
    name: MODEL,
    version,
    hashes: [{ alg: "SHA-256", content }],
    licenses: [{ license: { id: "MIT" } }],
  };
}
