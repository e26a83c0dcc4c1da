// Formats of IP addresses, interfaces and networks as regular expressions. format-patterns.ts anchors them.
// IPv6: https://www.rfc-editor.org/rfc/rfc4291#section-2.2, https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
// CIDR: https://www.rfc-editor.org/rfc/rfc4632#section-3.1
// Interfaces and networks are those of Python: https://docs.python.org/3/library/ipaddress.html

import { either, optional } from "./either.ts";

const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
export const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;

const GROUP = "[0-9A-Fa-f]{1,4}";
const LAST_32_BITS = either(`${GROUP}:${GROUP}`, IPV4);
/** One row for each place of the `::`. */
export const IPV6 = either(
  `(?:${GROUP}:){6}${LAST_32_BITS}`,
  `::(?:${GROUP}:){5}${LAST_32_BITS}`,
  `(?:${GROUP})?::(?:${GROUP}:){4}${LAST_32_BITS}`,
  `(?:(?:${GROUP}:){0,1}${GROUP})?::(?:${GROUP}:){3}${LAST_32_BITS}`,
  `(?:(?:${GROUP}:){0,2}${GROUP})?::(?:${GROUP}:){2}${LAST_32_BITS}`,
  `(?:(?:${GROUP}:){0,3}${GROUP})?::${GROUP}:${LAST_32_BITS}`,
  `(?:(?:${GROUP}:){0,4}${GROUP})?::${LAST_32_BITS}`,
  `(?:(?:${GROUP}:){0,5}${GROUP})?::${GROUP}`,
  `(?:(?:${GROUP}:){0,6}${GROUP})?::`,
);

const IPV4_PREFIX = "(?:[12]?[0-9]|3[0-2])";
const IPV6_PREFIX = "(?:[1-9]?[0-9]|1[01][0-9]|12[0-8])";
const IPV4_CIDR = `${IPV4}/${IPV4_PREFIX}`;
const IPV6_CIDR = `${IPV6}/${IPV6_PREFIX}`;
const IPV4_INTERFACE = `${IPV4}${optional(`/${IPV4_PREFIX}`)}`;
const IPV6_INTERFACE = `${IPV6}${optional(`/${IPV6_PREFIX}`)}`;

/** Python refuses a network whose bits behind the prefix are not zero. */
const IPV4_NETWORK = either(
  IPV4,
  ...numbers(0, 32).map((prefix) => `${ipv4WithPrefix(prefix)}/${prefix}`),
);
/** Networks that end in `::`, with a prefix over all written groups, and single addresses. */
const IPV6_NETWORK = either(
  `${IPV6}(?:/128)?`,
  ...numbers(0, 7).map(
    (groups) => `${ipv6Groups(groups)}::/${either(...numbers(16 * groups, 128).map(String))}`,
  ),
  ...numbers(1, 15).map((prefix) => `${firstGroup(prefix)}::/${prefix}`),
);

/** Bodies without anchors, by format name. */
export const IP_FORMATS: Readonly<Record<string, string>> = {
  ipv4: IPV4,
  "ip-address": IPV4, // draft 3
  ipv6: IPV6,
  // zod
  cidrv4: IPV4_CIDR,
  cidrv6: IPV6_CIDR,
  // OpenAPI
  "ipv4-cidr": IPV4_CIDR,
  "ipv6-cidr": IPV6_CIDR,
  // pydantic
  ipv4interface: IPV4_INTERFACE,
  ipv6interface: IPV6_INTERFACE,
  ipv4network: IPV4_NETWORK,
  ipv6network: IPV6_NETWORK,
  ipvanyaddress: either(IPV4, IPV6),
  ipvanyinterface: either(IPV4_INTERFACE, IPV6_INTERFACE),
  ipvanynetwork: either(IPV4_NETWORK, IPV6_NETWORK),
};

/** IPv4 addresses that are zero behind the prefix. */
function ipv4WithPrefix(prefix: number): string {
  return numbers(0, 3)
    .map((octet) => octetWithPrefix(Math.min(8, Math.max(0, prefix - 8 * octet))))
    .join("\\.");
}

function octetWithPrefix(bits: number): string {
  return bits === 8 ? OCTET : either(...multiples(2 ** (8 - bits), 255).map(String));
}

function ipv6Groups(count: number): string {
  return count === 0 ? "" : `${GROUP}(?::${GROUP}){${count - 1}}`;
}

/** First groups of four digits that are zero behind the prefix. */
function firstGroup(prefix: number): string {
  const digits = multiples(2 ** (4 - (prefix % 4)), 15).map((digit) => digit.toString(16));
  return [
    `[0-9A-Fa-f]{${Math.floor(prefix / 4)}}`,
    `[${digits.join("")}${digits.join("").toUpperCase().replace(/[0-9]/g, "")}]`,
    `0{${3 - Math.floor(prefix / 4)}}`,
  ].join("");
}

function multiples(step: number, last: number): readonly number[] {
  return numbers(0, Math.floor(last / step)).map((index) => index * step);
}

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
