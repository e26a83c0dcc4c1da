// JSON that is invalid, huge, deeply nested, or odd.

import type { Random } from "../kinds/random.ts";
import { anyKey, BODY_LIMIT, CHAT, chat, list } from "./requests.ts";
import type { Abuse } from "./target.ts";

const APIS = [
  CHAT,
  "/v1/completions",
  "/v1/messages",
  "/v1/responses",
  "/v1/embeddings",
  "/v1/rerank",
  "/api/chat",
  "/api/generate",
  "/tokenize",
  "/infill",
  "/v1beta/models/m:generateContent",
];
const inMessages = (content: unknown) => JSON.stringify({ messages: [{ role: "user", content }] });

type Odd = { readonly name: string; readonly text: (random: Random) => string | Buffer };

const ODD: readonly Odd[] = [
  {
    name: "JSON nested deeply",
    text: (random) => {
      const depth = random.between(100, 500_000);
      const [open, close] = random.pick([
        ["[", "]"],
        ['{"a":', "}"],
      ] as const);
      const ends = random.next() < 0.5 ? `1${close.repeat(depth)}` : "";
      return random.pick(["", '{"messages":']) + open.repeat(depth) + ends;
    },
  },
  {
    name: "10,000 content parts",
    text: (random) => {
      const count = random.between(4_000, 10_000);
      return inMessages(list(count, () => ({ type: "text", text: "a" })));
    },
  },
  {
    name: "2,048 embedding inputs of wrong types",
    text: () => JSON.stringify({ input: list(2_048, (index) => (index % 2 ? "" : [index, -1])) }),
  },
  {
    name: "many unknown fields",
    text: (random) =>
      JSON.stringify({
        ...chat(),
        ...Object.fromEntries(list(random.between(1_000, 6_000), (index) => [`f${index}`, null])),
      }),
  },
  {
    name: "fields of wrong types",
    text: (random) => {
      const wrong = [null, [], {}, -1, 1e308, "", "NaN", true, [[]], { length: 9 }];
      const names = ["messages", "max_tokens", "stop", "tools", "input", "prompt", "n", "model"];
      const fields = names.map((name) => [name, random.pick<unknown>(wrong)]);
      return JSON.stringify({ ...chat(), ...Object.fromEntries(fields) });
    },
  },
  {
    name: "prototype names and duplicate fields",
    text: () =>
      '{"__proto__":{"a":1},"constructor":{"prototype":{"b":1}},"messages":1,"messages":[{"role":"__proto__","content":{"toString":1}}]}',
  },
  {
    name: "text that is not JSON",
    text: (random) =>
      random.pick<string | Buffer>([
        "",
        "{",
        "nul",
        "'a'",
        "{]",
        `"${"\\u0000".repeat(1_000)}`,
        "[1e999999]",
        "\ufeff{}",
        Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
        `{"messages":"${"\\ud800".repeat(50_000)}"}`,
      ]),
  },
  {
    name: "a body of the largest size",
    text: (random) => {
      const [open, each, close] = random.pick([
        ['{"messages":[', '{"role":"user","content":"a"},', '{"role":"user","content":"a"}]}'],
        ['{"input":"a","prompt":"', "\\u00e9", '"}'],
        ['{"prompt":"a","input":[', "1,", "1]}"],
        ['{"content":"', "a", '","messages":[]}'],
        ['{"contents":[', '{"parts":[{"text":"a"}]},', '{"parts":[{"text":"a"}]}]}'],
        ['{"messages":[{"role":"user","content":"', "a", '"}]}'],
      ] as const);
      const count = Math.floor((BODY_LIMIT - open.length - close.length) / each.length);
      return open + each.repeat(count) + close;
    },
  },
  {
    name: "numbers of many digits",
    text: (random) => `{"max_tokens":${"9".repeat(random.between(100, 500_000))},"messages":[]}`,
  },
];

export const JSON_BODIES: readonly Abuse[] = ODD.map(({ name, text }) => ({
  name,
  weight: 1,
  run: async (target, signal, random) => {
    const body = text(random);
    const key = anyKey(target, random);
    for (let time = 0; time < 3 && !signal.aborted; time++)
      await target.ask({ path: random.pick(APIS), key, body }, signal);
  },
}));
