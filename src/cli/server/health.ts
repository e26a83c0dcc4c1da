// `sluice health`: whether the server of this machine lives, as an exit code. For a container's health check.

import { readListenSettings } from "../../config/command-line.ts";
import { hostAndPort, listenAddresses } from "../../config/listen-address.ts";
import { CommandError } from "../command-error.ts";
import { programName } from "../program-name.ts";
import { readWords } from "../read-words.ts";
import { exchangeHttp } from "./http-exchange.ts";

const TIMEOUT_MS = 4_000;
const ALL_ADDRESSES = ["0.0.0.0", "::"];
const ADDRESS = /^(https?:\/\/[^/]|unix:\/)/i;

/** @throws CommandError or ConfigError if the server is not healthy, or its address is not known */
export async function runHealth(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const { values, positionals } = readWords(args, { name: "health", options: ["url"], program });
  if (values.help) return console.log(helpText(program));
  if (positionals.length > 0)
    throw new CommandError(`health takes no name (see ${program} health --help)`);
  const url = values.url ?? ownUrl(env);
  if (!ADDRESS.test(url))
    throw new CommandError(
      `--url is "${url}": allowed is an address such as http://127.0.0.1:8080`,
    );
  const status = await healthStatus(url.replace(/\/+$/, ""));
  if (status !== 200) throw new CommandError(`${url} answered ${status} to GET /health`);
}

/** The first address on which the server listens. @throws ConfigError */
function ownUrl(env: Readonly<NodeJS.ProcessEnv>): string {
  const settings = readListenSettings(env);
  const [address] = listenAddresses(settings);
  if (address !== undefined && "path" in address) return `unix:${address.path}`;
  const { host, port } = address ?? settings;
  const name = host === undefined || ALL_ADDRESSES.includes(host) ? "localhost" : host;
  const scheme = settings.tlsCert === undefined ? "http" : "https";
  return `${scheme}://${hostAndPort(name, port)}`;
}

/** The certificate is for the name that clients use, not for this address, so it is not checked. @throws CommandError */
async function healthStatus(url: string): Promise<number> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = { method: "GET", path: "/health", headers: {}, body: null };
    return (await exchangeHttp(url, { ...request, signal, rejectUnauthorized: false })).status;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(`${url} did not answer GET /health: ${code ?? message}`);
  }
}

function helpText(program: string): string {
  return `Check that the server of this machine lives: exit code 0 if GET /health is 200, otherwise 1.

usage: ${program} health [options]

The address is the first one that the server listens on, as SLUICE_LISTEN, SLUICE_HOST, SLUICE_PORT
and SLUICE_TLS_CERT, or the configuration file of SLUICE_CONFIG, give it. The flags of the server
are not known here.

Options
  --url URL   address to ask instead; its certificate is not checked
  --help      print this`;
}
