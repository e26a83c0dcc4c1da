// Parses Linux's list of TCP connections: how many bytes of each connection are not acknowledged yet. Pure.
// Format: https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html

import { endianness } from "node:os";

/** Both addresses of a connection, as the kernel writes them. */
export type ConnectionKey = string;

export type SocketAddresses = {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
};

/** `sl: local rem st tx_queue:rx_queue ...` */
const LINE = /^ *\d+: ([\dA-F]+:[\dA-F]{4}) ([\dA-F]+:[\dA-F]{4}) [\dA-F]{2} ([\dA-F]{8}):/gm;

/** @param text the content of /proc/net/tcp or tcp6. Other lines are skipped. */
export function parseSendQueues(text: string): ReadonlyMap<ConnectionKey, number> {
  const queues = new Map<ConnectionKey, number>();
  for (const [, local, remote, bytes = ""] of text.matchAll(LINE)) {
    queues.set(`${local} ${remote}`, Number.parseInt(bytes, 16));
  }
  return queues;
}

/** Null if the socket is not connected. */
export function connectionKey(
  addresses: SocketAddresses,
  order: "LE" | "BE" = endianness(),
): ConnectionKey | null {
  const { localAddress, localPort, remoteAddress, remotePort } = addresses;
  if (!localAddress || !remoteAddress || localPort === undefined || remotePort === undefined)
    return null;
  return `${hexOf(localAddress, order)}:${hex(localPort, 4)} ${hexOf(remoteAddress, order)}:${hex(remotePort, 4)}`;
}

/** The kernel writes each four bytes as a number in the machine's byte order. */
function hexOf(address: string, order: "LE" | "BE"): string {
  const bytes = address.includes(":") ? bytesOfV6(address) : bytesOfV4(address);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4).map((byte) => hex(byte, 2));
    text += (order === "LE" ? word.reverse() : word).join("");
  }
  return text;
}

function bytesOfV4(address: string): number[] {
  return address.split(".").map(Number);
}

/** Parses `::ffff:127.0.0.1` and `fe80::1%eth0` too. */
function bytesOfV6(address: string): number[] {
  const [plain = ""] = address.split("%");
  const [front = "", back = ""] = plain.split("::");
  const [first, last] = [bytesOfGroups(front), bytesOfGroups(back)];
  return [...first, ...new Array<number>(16 - first.length - last.length).fill(0), ...last];
}

function bytesOfGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return bytesOfV4(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
