// Data that the server keeps for clients: responses, conversations and streams, as many and as large as it allows.

import { anyKey, CHAT, head, list, post, stream } from "./requests.ts";
import { type Abuse, rest, type TargetRequest, write } from "./target.ts";

const RESPONSES = "/v1/responses";
const LARGEST = "x".repeat(4_100_000);

export const KEPT: readonly Abuse[] = [
  {
    name: "kept responses of the largest size",
    weight: 1,
    run: async (target, signal, random) => {
      const input = [
        { role: "user", content: LARGEST.slice(random.between(0, 3_000_000)) },
        { role: "user", content: "hi" },
      ];
      const body = { input, max_output_tokens: 1, truncation: "auto" };
      for (let time = 0; time < 3 && !signal.aborted; time++)
        await target.ask({ path: RESPONSES, key: anyKey(target, random), body }, signal);
    },
  },
  {
    name: "many small kept responses",
    weight: 1,
    run: async (target, signal, random) => {
      const key = anyKey(target, random);
      const metadata = Object.fromEntries(list(16, (index) => [`k${index}`, "v".repeat(500)]));
      let previous: string | undefined;
      for (let time = 0; time < 8 && !signal.aborted; time++) {
        const chained = previous ? { previous_response_id: previous } : {};
        const body = { input: "hi", max_output_tokens: 1, metadata, ...chained };
        const { text } = await target.ask({ path: RESPONSES, key, body }, signal);
        previous = /"id":"(resp_[^"]+)"/.exec(text)?.[1];
      }
    },
  },
  {
    name: "background responses that are never read",
    weight: 1,
    run: async (target, signal, random) => {
      const key = anyKey(target, random);
      const body = { input: "rivers", max_output_tokens: 60, background: true };
      const one = () => target.ask({ path: RESPONSES, key, body }, signal);
      const [first] = await Promise.all(list(4, one));
      const id = /"id":"(resp_[^"]+)"/.exec(first?.text ?? "")?.[1];
      if (id) await target.ask({ path: `${RESPONSES}/${id}/cancel`, key }, signal);
    },
  },
  {
    name: "abandoned resumable streams",
    weight: 2,
    run: async (target, signal, random) => {
      const key = anyKey(target, random);
      const body = JSON.stringify(stream(200));
      const lines = [
        `Authorization: Bearer ${key}`,
        "Content-Type: application/json",
        "X-Resumable: true",
        `Content-Length: ${body.length}`,
      ];
      for (let time = 0; time < 3 && !signal.aborted; time++) {
        const text = await target.send(head(`POST ${CHAT}`, ...lines) + body, signal);
        const location = /^location: (\S+)/im.exec(text)?.[1];
        if (!location) continue;
        const [address = ""] = location.split("?");
        const asked = random.pick<TargetRequest>([
          { method: "HEAD", path: address, key },
          { method: "DELETE", path: address, key },
          { method: "GET", path: address, key, headers: { "last-event-id": "999999" } },
          { method: "GET", path: `${address}?token=wrong` },
          { method: "HEAD", path: location },
        ]);
        await target.ask({ ...asked, timeoutMs: 2_000 }, signal);
      }
    },
  },
  {
    name: "one stream with many readers",
    weight: 1,
    run: async (target, signal, random) => {
      const key = anyKey(target, random);
      const socket = await target.open(signal);
      const asked = post(CHAT, key, stream(150)).replace("\r\n", "\r\nX-Resumable: true\r\n");
      await write(socket, asked);
      const location = /^location: (\S+)/im.exec(await target.receive(socket))?.[1];
      if (location)
        await Promise.all(
          list(10, async (index) => {
            await rest(index * 20, signal);
            await target.ask({ method: "GET", path: location, timeoutMs: 1_500 }, signal);
          }),
        );
      socket.destroy();
    },
  },
];
