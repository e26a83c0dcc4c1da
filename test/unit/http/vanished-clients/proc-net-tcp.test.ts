// The list of connections as a real kernel printed it, and the addresses in it.

import { expect, test } from "vitest";
import {
  connectionKey,
  parseSendQueues,
} from "../../../../src/http/vanished-clients/proc-net-tcp.ts";

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1523747 1 0000000032c363bf 100 0 0 10 0                   
   1: 0100007F:1F90 0100007F:D431 01 0004E0A2:00000000 01:0000001A 00000003     0        0 1523748 2 0000000026b5aeda 20 4 30 10 -1                  
  12: 6F02000A:1F90 0502000A:C350 01 00000000:00000010 02:000003E8 00000000     0        0 1523749 1 0000000000000000 20 4 30 10 -1                  
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:D432 01 000000FF:00000000 01:0000001A 00000003     0        0 1 2 0 20 4 30 10 -1
   1: B80D01200000000067452301EFCDAB89:01BB 000080FE00000000FF005450ADDEBEFE:0050 01 00000001:00000000 01:0000001A 00000003     0        0 1 2 0 20 4 30 10 -1
`;

const ends = (localAddress: string, localPort: number, remoteAddress: string, remotePort: number) =>
  connectionKey({ localAddress, localPort, remoteAddress, remotePort }, "LE") ?? "";

test("finds the unacknowledged bytes by the addresses of the connection", () => {
  const queues = parseSendQueues(TCP);

  expect(queues.size).toBe(3);
  expect(queues.get(ends("127.0.0.1", 8080, "127.0.0.1", 54321))).toBe(0x4e0a2);
  expect(queues.get(ends("10.0.2.111", 8080, "10.0.2.5", 50000))).toBe(0);
  expect(queues.get(ends("127.0.0.1", 54321, "127.0.0.1", 8080))).toBe(undefined);
});

test("finds IPv6, IPv4 on a dual-stack socket, and an address with a zone", () => {
  const queues = parseSendQueues(TCP6);

  expect(queues.get(ends("::ffff:127.0.0.1", 8080, "::ffff:127.0.0.1", 54322))).toBe(255);
  expect(
    queues.get(ends("2001:db8::123:4567:89ab:cdef", 443, "fe80::5054:ff:febe:dead%eth0", 80)),
  ).toBe(1);
});

test.each(["", "nonsense\n\n", "   1: 0100007F:1F90 0100007F:D431 01\n"])("skips %j", (text) => {
  expect(parseSendQueues(text).size).toBe(0);
});

test("writes an address in the machine's byte order", () => {
  const both = { localAddress: "::1", localPort: 1, remoteAddress: "1.2.3.4", remotePort: 65535 };

  expect(connectionKey(both, "LE")).toBe("00000000000000000000000001000000:0001 04030201:FFFF");
  expect(connectionKey(both, "BE")).toBe("00000000000000000000000000000001:0001 01020304:FFFF");
});

test("has no key for a socket that is not connected any more", () => {
  expect(connectionKey({ localAddress: "127.0.0.1", localPort: 1 })).toBe(null);
});
