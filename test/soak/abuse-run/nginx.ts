// Runs nginx with the shipped configuration, with TLS on both sides and for many connections.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CertificateFiles } from "../../support/clients/certificate.ts";

export type AbusedNginx = { readonly port: number; readonly close: () => Promise<void> };

type NginxOptions = {
  readonly program: string;
  readonly folder: string;
  /** Port of the server behind nginx. */
  readonly port: number;
  readonly certificate: CertificateFiles;
};

const SHIPPED = path.resolve(import.meta.dirname, "../../../deploy/nginx.conf");
const START_MS = 10_000;
const POLL_MS = 50;

/** @throws Error if nginx does not start */
export async function startNginx(options: NginxOptions): Promise<AbusedNginx> {
  const { program, folder } = options;
  const port = await freePort();
  const config = path.join(folder, "nginx.conf");
  writeFileSync(path.join(folder, "site.conf"), siteConfig(options, port));
  writeFileSync(config, mainConfig(folder));
  const args = ["-p", folder, "-c", config, "-e", path.join(folder, "nginx-errors.log")];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const end = () => void child.kill("SIGTERM"); // SIGTERM also ends its child processes, SIGKILL would not
  process.once("exit", end);
  const deadlineMs = performance.now() + START_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    if (performance.now() > deadlineMs) throw new Error(`nginx does not listen on port ${port}`);
    await sleep(POLL_MS);
  }
  const close = async () => {
    process.off("exit", end);
    const isGone = child.exitCode !== null || child.signalCode !== null;
    const exited = isGone ? null : once(child, "exit");
    end();
    await exited;
  };
  return { port, close };
}

/** Applies the changes an operator makes to the file. @throws Error if a line to change is missing */
function siteConfig({ port, folder, certificate }: NginxOptions, own: number): string {
  const { cert, key } = certificate;
  const tls = `ssl_certificate ${cert}; ssl_certificate_key ${key};`;
  const changes = [
    ["listen 80;", `listen 127.0.0.1:${own} ssl; ${tls}`],
    ["server 127.0.0.1:8080;", `server 127.0.0.1:${port};`],
    ["proxy_pass http://sluice;", "proxy_pass https://sluice;"],
    ["/var/log/nginx/sluice.log", path.join(folder, "nginx-access.log")],
  ] as const;
  return changes.reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`deploy/nginx.conf has no line ${from}`);
      return text.replaceAll(from, to);
    },
    readFileSync(SHIPPED, "utf8"),
  );
}

function mainConfig(folder: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = kinds.map((kind) => `${kind}_temp_path ${path.join(folder, `nginx-${kind}`)};`);
  return [
    ...(process.getuid?.() === 0 ? ["user root;"] : []),
    "daemon off;",
    "worker_processes 1;",
    `pid ${path.join(folder, "nginx.pid")};`,
    "worker_rlimit_nofile 4096;",
    "events { worker_connections 2048; }",
    "http {",
    ...temporary,
    `include ${path.join(folder, "site.conf")};`,
    "}",
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server has this kind of address
  server.close();
  await once(server, "close");
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
