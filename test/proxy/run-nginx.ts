// Runs the real nginx with deploy/nginx.conf, on a free port and in a temporary folder.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort } from "../support/programs/free-port.ts";
import { until } from "../support/start-service.ts";

const SHIPPED = path.resolve(import.meta.dirname, "../../deploy/nginx.conf");

export type RunningNginx = {
  readonly url: string;
  readonly log: () => string;
  readonly close: () => Promise<void>;
};
export type NginxOptions = {
  readonly program: string;
  readonly folder: string;
  /** A URL of the service, also `unix:/PATH`. */
  readonly target: string;
};

export async function runNginx({ program, folder, target }: NginxOptions): Promise<RunningNginx> {
  const port = await freePort();
  const name = `nginx-${port}`;
  const log = path.join(folder, `${name}.log`);
  writeFileSync(path.join(folder, `${name}-site.conf`), siteConfig({ port, log, target }));
  const config = path.join(folder, `${name}.conf`);
  writeFileSync(config, mainConfig(folder, name));
  const child = spawn(program, ["-p", folder, "-c", config, "-e", "stderr"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (bytes) => (errors += bytes));
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`);
    return fetch(url).then(Boolean, () => false);
  }, "nginx listens");
  return {
    url,
    log: () => readFileSync(log, "utf8"),
    close: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

type Site = { readonly port: number; readonly log: string; readonly target: string };

/** deploy/nginx.conf with another port, upstream and log. */
function siteConfig({ port, log, target }: Site): string {
  const changes = [
    ["listen 80;", `listen 127.0.0.1:${port};`],
    [
      "server 127.0.0.1:8080;",
      `server ${target.startsWith("unix:") ? target : new URL(target).host};`,
    ],
    ["/var/log/nginx/sluice.log", log],
  ] as const;
  let text = readFileSync(SHIPPED, "utf8");
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`deploy/nginx.conf has no line ${from}`);
    text = text.replace(from, to);
  }
  return text;
}

/** Puts nginx's temporary files into the test's folder. */
function mainConfig(folder: string, name: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = kinds.map(
    (kind) => `${kind}_temp_path ${path.join(folder, `${name}-${kind}`)};`,
  );
  return [
    ...(process.getuid?.() === 0 ? ["user root;"] : []),
    ...["daemon off;", "worker_processes 1;", `pid ${path.join(folder, `${name}.pid`)};`],
    "events { worker_connections 256; }",
    ...["http {", ...temporary, `include ${path.join(folder, `${name}-site.conf`)};`, "}"],
  ].join("\n");
}
