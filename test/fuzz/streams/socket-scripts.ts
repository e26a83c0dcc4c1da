// Scripts of invalid behaviour of a /v1/ws client: frames and messages of all forms, floods, partial frames, and not reading.
// Plain data, created from a seed.

import fc from "fast-check";
import { CHAT } from "./raw-stream.ts";

export type SocketStep =
  | { readonly type: "send"; readonly bytes: () => Buffer }
  | { readonly type: "pause"; readonly ms: number }
  /** Stops reading. */
  | { readonly type: "stop-reading" }
  | { readonly type: "half-close" }
  | { readonly type: "reset" };

export type SocketScript = {
  readonly name: string;
  readonly steps: readonly SocketStep[];
  /** Whether the first message contains the right key. */
  readonly hasKey: boolean;
};

type FrameForm = {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly reserved: number;
  readonly isMasked: boolean;
  /** Length claimed in the frame header, if it differs from the real one. */
  readonly claimedLength: number | null;
};
const PLAIN: FrameForm = {
  opcode: 1,
  isLast: true,
  reserved: 0,
  isMasked: true,
  claimedLength: null,
};

/** The mask is zero. */
function frame(payload: Buffer | string, form: Partial<FrameForm> = {}): Buffer {
  const { opcode, isLast, reserved, isMasked, claimedLength } = { ...PLAIN, ...form };
  const data = Buffer.from(payload);
  const length = claimedLength ?? data.length;
  const mask = isMasked ? 0x80 : 0;
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  const size = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
  if (size.length === 2) size.writeUInt16BE(length);
  if (size.length === 8) size.writeBigUInt64BE(BigInt(length));
  const second = mask | (size.length === 0 ? length : size.length === 2 ? 126 : 127);
  return Buffer.concat([Buffer.of(first, second), size, Buffer.alloc(isMasked ? 4 : 0), data]);
}

const PAUSE: SocketStep = { type: "pause", ms: 20 };
const send = (bytes: () => Buffer): SocketStep => ({ type: "send", bytes });
const say = (message: unknown) => send(() => frame(JSON.stringify(message)));

const body = JSON.parse(CHAT) as object;
const request = (id: string, more: object) => ({ type: "request", id, ...more });
const MESSAGES: readonly unknown[] = [
  { type: "ping" },
  { type: "auth", key: "wrong" },
  { type: "auth", key: "x".repeat(900) },
  { type: "cancel", id: "1" },
  { type: "resume", id: "2", stream: "/v1/streams/none" },
  request("1", { method: "GET", path: "/health" }),
  request("1", { method: "GET", path: "/v1/models" }),
  request("2", { method: "GET", path: "/v1/ws" }),
  request("3", { path: "/v1/chat/completions", body: { ...body, stream: true } }),
  request("4", { path: "/v1/chat/completions", body }),
  request("5", { path: "/v1/messages", body: {} }),
  request("6", { method: "DELETE", path: "/v1/requests/7" }),
  request("7", { path: "/x y" }),
];

const message = (): fc.Arbitrary<SocketStep> =>
  fc.oneof(
    fc.constantFrom(...MESSAGES).map(say),
    fc.json({ maxDepth: 3 }).map((json) => send(() => frame(json))),
    fc
      .record(
        {
          type: fc.constantFrom("auth", "request", "resume", "cancel", "ping", "dance", 1, null),
          id: fc.jsonValue(),
          path: fc.jsonValue(),
          key: fc.jsonValue(),
          headers: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map(say),
    fc.string({ maxLength: 300 }).map((text) => send(() => frame(text))),
    fc.uint8Array({ maxLength: 300 }).map((data) => send(() => frame(Buffer.from(data)))),
  );

const oddFrame = (): fc.Arbitrary<SocketStep> =>
  fc
    .record({
      opcode: fc.nat(15),
      isLast: fc.boolean(),
      reserved: fc.constantFrom(0, 0, 0, 1, 4),
      isMasked: fc.constantFrom(true, true, true, false),
      claimedLength: fc.constantFrom(null, null, 0, 125, 126, 70_000, 4_194_304, 2 ** 40),
      size: fc.constantFrom(0, 1, 2, 50, 125, 126, 3_000),
    })
    .map(({ size, ...form }) => send(() => frame(Buffer.alloc(size, 0x7b), form)));

const flood = (): fc.Arbitrary<SocketStep> =>
  fc
    .tuple(
      fc.constantFrom("{}", "", '{"type":"ping"}', JSON.stringify(MESSAGES[5]), "x"),
      fc.constantFrom(1, 2, 9, 10),
      fc.constantFrom(100, 5_000, 50_000),
    )
    .map(([text, opcode, count]) =>
      send(() => {
        const one = frame(text, { opcode });
        return Buffer.alloc(one.length * count, one);
      }),
    );

/** Seconds of messages from a client that never reads. What the server keeps for it shows in its memory. */
export function unreadFlood(key: string | null): SocketScript {
  const first = key === null ? [] : [say({ type: "auth", key }), PAUSE];
  const one = frame("{}");
  const many = send(() => Buffer.alloc(one.length * 50_000, one));
  return {
    name: "a flood from a client that never reads",
    hasKey: key !== null,
    steps: [...first, { type: "stop-reading" }, ...Array.from({ length: 30 }, () => many)],
  };
}

/** A large frame that is never completed. */
const half = (): fc.Arbitrary<SocketStep> =>
  fc
    .constantFrom(100, 3_000, 1_000_000)
    .map((size) => send(() => frame(Buffer.alloc(size, 0x20), { claimedLength: 4_194_304 })));

export function socketScripts(key: string): fc.Arbitrary<SocketScript> {
  const step = fc.oneof(
    { weight: 6, arbitrary: message() },
    { weight: 2, arbitrary: oddFrame() },
    { weight: 1, arbitrary: flood() },
    { weight: 1, arbitrary: half() },
    { weight: 1, arbitrary: fc.constant<SocketStep>({ type: "stop-reading" }) },
    { weight: 1, arbitrary: fc.constant(PAUSE) },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 100 }).map((data) => send(() => Buffer.from(data))),
    },
  );
  const end = fc.constantFrom<SocketStep>(
    { type: "half-close" },
    { type: "reset" },
    { type: "pause", ms: 50 },
  );
  return fc
    .record({ hasKey: fc.boolean(), steps: fc.array(step, { maxLength: 12 }), end })
    .map(({ hasKey, steps, end: last }) => ({
      name: `a socket ${hasKey ? "with" : "without"} a key, ${steps.length} steps`,
      hasKey,
      steps: [...(hasKey ? [say({ type: "auth", key })] : []), ...steps, last],
    }));
}
