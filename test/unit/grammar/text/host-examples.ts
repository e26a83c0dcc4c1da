// Examples of host names, e-mail addresses, IP addresses and networks.

import type { FormatExamples } from "./format-examples.ts";

const A63 = "a".repeat(63);

const HOSTNAME = {
  valid: ["www.example.com", "localhost", "1host", "host-name", "a--b.com", "ab-c", "A.B", `${A63}.com`], // biome-ignore format: a list
  invalid: ["", ".", ".example", "example.", "a..b", "-a", "a-", "host_name", `${A63}a.com`, "a b", "é.com", "xn--X", "ab--c.com", "a.com:80"], // biome-ignore format: a list
};
const IPV4 = {
  valid: ["0.0.0.0", "255.255.255.255", "192.168.0.1", "200.99.9.249"],
  invalid: ["256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4/24", " 1.2.3.4", "0x7f.0.0.1", "1.2.3.", "1২.0.0.1"], // biome-ignore format: a list
};
const IPV6 = [
  ...["::", "::1", "1::", "::abef", "::42:ff:1", "d6::", "1:d6::42", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::"],
  ...["::2:3:4:5:6:7:8", "FE80::A", "::ffff:192.168.0.1", "1::d6:192.168.0.1", "1:2:3:4:5:6:1.2.3.4"],
]; // biome-ignore format: a list
const NOT_IPV6 = [
  ...["", ":", ":::", "1", "12345::", "::abcef", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::g"],
  ...[":2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:8::", "1:2:3:4:5:::8", "127.0.0.1", "[::1]"],
  ...["::1.2.3", "::1.2.3.256", "::01.2.3.4", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "fe80::a%eth1", "fe80::/64"],
]; // biome-ignore format: a list
const CIDR_4 = { valid: ["10.0.0.0/8", "10.1.2.3/0", "1.2.3.4/32"], invalid: ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "300.0.0.0/8"] }; // biome-ignore format: a list
const CIDR_6 = { valid: ["2001:db8::/32", "::/0", "::1/128", "1:2:3:4:5:6:7:8/99"], invalid: ["::1", "::1/129", "::1/032", "1.2.3.4/8"] }; // biome-ignore format: a list

export const HOST_EXAMPLES: FormatExamples = {
  hostname: HOSTNAME,
  "host-name": HOSTNAME,
  "idn-hostname": {
    valid: ["실례.테스트", "例え.jp", "bücher.example", "пример.рф", "مثال.com", "a。b", "1a.com"],
    invalid: ["", "a..b", "-bücher", "bücher-", "Bücher.com", "a\u0300", "\u302e실", "0a.א", "aא", "א0", "l·l", "é".repeat(15), "a．"], // biome-ignore format: a list
  },
  email: {
    valid: [
      ...["joe.bloggs@example.com", "te~st@example.com", "a+b=c@x-y.org", "o'neil@example.com"],
      ...["joe@localhost", '"joe bloggs"@example.com', '"joe@bloggs..x"@example.com'],
      ...["joe@[127.0.0.1]", "joe@[IPv6:::1]", `${"a".repeat(64)}@example.com`],
    ],
    invalid: [
      ...[
        "2962",
        "@example.com",
        "joe@",
        ".joe@example.com",
        "joe.@example.com",
        "jo..e@example.com",
      ],
      ...["joe bloggs@example.com", "joe@invalid=domain.com", "joe@[127.0.0.300]", "joe@a@b.com"],
      ...[
        "a@b.com, c@d.com",
        "Joe <joe@example.com>",
        '"joe@example.com',
        '"a"b@example.com',
        '""@b.com',
      ],
      ...[
        `${"a".repeat(65)}@example.com`,
        `"${"a".repeat(63)}"@example.com`,
        "jé@example.com",
        "a@b_c.com",
      ],
    ],
  },
  "idn-email": {
    valid: ["실례@실례.테스트", "joe@example.com", "δοκιμή@example.com", '"δοκιμή"@example.com', `${"a".repeat(64)}@b.com`], // biome-ignore format: a list
    invalid: ["2962", "user\uff20example.com", "é é@example.com", `${"é".repeat(33)}@b.com`, ".é@b.com"], // biome-ignore format: a list
  },
  "name-email": {
    valid: ["Joe Bloggs <joe.bloggs@example.com>", "Joe <joe@mail.example.org>"],
    invalid: ["joe@example.com", "Joe <joe>", "<joe@example.com>", "Joe joe@example.com", "Joe <joe@localhost>"], // biome-ignore format: a list
  },
  ipv4: IPV4,
  "ip-address": IPV4,
  ipv6: { valid: IPV6, invalid: NOT_IPV6 },
  cidrv4: CIDR_4,
  "ipv4-cidr": CIDR_4,
  cidrv6: CIDR_6,
  "ipv6-cidr": CIDR_6,
  ipv4interface: { valid: ["10.1.2.3", "10.1.2.3/8"], invalid: ["10.1.2.3/33", "::1"] },
  ipv6interface: { valid: ["::1", "::1/64"], invalid: ["::1/129", "10.1.2.3"] },
  ipv4network: {
    valid: ["0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10", "192.168.1.128/25", "1.2.3.4/32", "1.2.3.5", "10.0.0.0/9"], // biome-ignore format: a list
    invalid: ["10.0.0.1/8", "172.17.0.0/12", "192.168.1.64/25", "1.0.0.0/7", "1.2.3.4/33"],
  },
  ipv6network: {
    valid: ["::/0", "2001:db8::/32", "fe80::/10", "FC00::/7", "2001:db8:1::/64", "::1", "::1/128"],
    invalid: ["fe80::/8", "2001:db8::/16", "2001:db8::1/64", "::1/129"],
  },
  ipvanyaddress: { valid: ["1.2.3.4", "::1"], invalid: ["1.2.3.4/8", "::1/64", "localhost"] },
  ipvanyinterface: { valid: ["1.2.3.4/8", "::1/64", "::1"], invalid: ["1.2.3.4/64", "a/8"] },
  ipvanynetwork: { valid: ["10.0.0.0/8", "fe80::/10", "::1"], invalid: ["10.0.0.1/8", "fe80::/8"] },
};
