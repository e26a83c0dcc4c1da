// Builds dist/ (server, chat page and the page at /docs) if it is missing or older than a source file. Runs before `npm start` and `npm test`.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamp = path.join(root, "dist", ".built");
const inputs = [
  "src",
  "scripts/docs-page",
  "scripts/build-frames.ts",
  "scripts/compress-assets.ts",
  "tsconfig.json",
  "tsconfig.build.json",
  "package-lock.json",
];

/** Has the id of the process that builds: two that are started together, such as a node and a gateway, build once. */
const lock = path.join(root, "node_modules", ".sluice-build");
const POLL_MS = 250;
/** No build takes longer: an older lock is of a process that was killed, whose id another one may have. */
const LONGEST_BUILD_MS = 10 * 60_000;

if (newestChange() > builtAt()) buildOnce();

function buildOnce() {
  takeLock();
  try {
    if (newestChange() > builtAt()) build(); // another process may have built it meanwhile
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock() {
  for (;;) {
    try {
      return writeFileSync(lock, `${process.pid}`, { flag: "wx" });
    } catch (error) {
      if (error.code === "ENOENT") return; // nothing is installed: the build says so
      if (error.code !== "EEXIST") throw error;
    }
    if (isHeld()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    else rmSync(lock, { force: true }); // its process was killed
  }
}

function isHeld() {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LONGEST_BUILD_MS) return false;
    return process.kill(Number(readFileSync(lock, "utf8")), 0);
  } catch (error) {
    return error.code === "EPERM"; // a process of another user
  }
}

function newestChange() {
  return Math.max(...inputs.map((input) => changedAt(path.join(root, input))));
}

function changedAt(file) {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const children = readdirSync(file).map((name) => changedAt(path.join(file, name)));
  return Math.max(stats.mtimeMs, ...children);
}

function builtAt() {
  return statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function build() {
  console.log("building dist/ ...");
  rmSync(path.join(root, "dist"), { recursive: true, force: true });
  try {
    run("typescript", "tsc", "-p", "tsconfig.build.json");
    run("vite", "vite", "build", "src/web", "--logLevel", "warn");
    run("tsx", "tsx", "scripts/build-frames.ts");
    run("tsx", "tsx", "scripts/docs-page/main.ts");
    run("tsx", "tsx", "scripts/compress-assets.ts");
  } catch {
    console.error("the build failed: see the messages above");
    process.exitCode = 1;
    return;
  }
  writeFileSync(stamp, "");
}

/** Runs a package's command. */
function run(name, command, ...args) {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = require(manifest);
  const file = path.join(path.dirname(manifest), bin[command] ?? bin); // a package with one command may give only its file
  const env = { ...process.env, NODE_ENV: "production" }; // a test environment would build React's development version
  execFileSync(process.execPath, [file, ...args], { cwd: root, env, stdio: "inherit" });
}
