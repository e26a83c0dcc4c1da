// The texts of --listen → addresses, and the addresses that the settings name together. Pure. Used by network-settings.ts,
// rules-between-settings.ts and service.ts.

import path from "node:path";

export type ListenAddress =
  /** TCP; without a host all addresses of the machine. */
  | { readonly host: string | undefined; readonly port: number }
  /** A Unix socket. */
  | { readonly path: string };

/** The shortest limit of a system (macOS), which Linux exceeds by four bytes. */
const MAX_SOCKET_PATH_BYTES = 103;
const DEFAULT_HOST = "127.0.0.1";

type ListenSettings = {
  readonly listen: readonly string[];
  readonly host: string;
  readonly port: number;
};

/** Those of --listen, or that of --host and --port. */
export function listenAddresses({ listen, host, port }: ListenSettings): readonly ListenAddress[] {
  if (listen.length === 0) return [{ host, port }];
  return listen.map(parseListenAddress).filter((each) => each !== null); // the schema has refused all others
}

/** The names and IP addresses among them. */
export function listenHosts(settings: ListenSettings): readonly string[] {
  return listenAddresses(settings).flatMap((each) => ("port" in each ? (each.host ?? []) : []));
}

/** As in a URL. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @returns null for a text that is no address */
export function parseListenAddress(text: string): ListenAddress | null {
  const [, socket] = /^unix:(.*)$/.exec(text) ?? [];
  if (socket !== undefined) return isSocketPath(socket) ? { path: socket } : null;
  const [, inBrackets, name, digits] =
    /^(?:(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([^\s:/[\]]*)):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return null;
  if (name === "") return { host: undefined, port };
  return { host: inBrackets ?? name ?? DEFAULT_HOST, port };
}

function isSocketPath(text: string): boolean {
  return path.isAbsolute(text) && Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES;
}
