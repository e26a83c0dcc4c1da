// A collector for OTLP over HTTP that keeps what it gets, decoded from protobuf by the field numbers of
// https://github.com/open-telemetry/opentelemetry-proto.

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

type ReceivedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
};

export type OtlpCollector = {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Attributes of `service.name` and the like. */
  readonly resources: Record<string, unknown>[];
  /** Names of metrics, with the number of observations in each of their series. */
  readonly histograms: Map<string, number[]>;
  readonly headers: IncomingHttpHeaders[];
  /** All bytes that came. */
  readonly bytes: Buffer[];
  readonly close: () => Promise<void>;
};

/** @param status of its answers */
export async function startCollector(status = 200): Promise<OtlpCollector> {
  const received = {
    ...{ spans: [] as ReceivedSpan[], resources: [] as Record<string, unknown>[] },
    ...{ histograms: new Map<string, number[]>(), headers: [] as IncomingHttpHeaders[] },
    bytes: [] as Buffer[],
  };
  const server = createServer(async (req, res) => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    const sent = Buffer.concat(parts);
    const body = req.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    received.headers.push(req.headers);
    received.bytes.push(body);
    if (req.url === "/v1/traces") readTraces(body, received);
    if (req.url === "/v1/metrics") readMetrics(body, received);
    res.writeHead(status, { "content-type": "application/x-protobuf" }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { ...received, url: `http://127.0.0.1:${port}`, close };
}

type Value = bigint | Buffer;
type Message = { readonly all: (field: number) => readonly Value[] };

function readTraces(
  body: Buffer,
  { spans, resources }: Pick<OtlpCollector, "spans" | "resources">,
) {
  for (const group of inside(decode(body), 1)) {
    for (const resource of inside(group, 1)) resources.push(attributesOf(resource, 1));
    for (const scope of inside(group, 2))
      for (const span of inside(scope, 2)) spans.push(spanOf(span));
  }
}

function spanOf(span: Message): ReceivedSpan {
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    startNanos: fixed64(span, 7),
    endNanos: fixed64(span, 8),
    attributes: attributesOf(span, 9),
  };
}

function readMetrics(body: Buffer, { histograms }: Pick<OtlpCollector, "histograms">) {
  for (const group of inside(decode(body), 1))
    for (const scope of inside(group, 2))
      for (const metric of inside(scope, 2)) {
        const points = inside(metric, 9).flatMap((histogram) => inside(histogram, 1));
        histograms.set(
          text(metric, 1),
          points.map((point) => Number(fixed64(point, 4))),
        );
      }
}

function attributesOf(message: Message, field: number): Record<string, unknown> {
  const entries = inside(message, field).map((pair) => {
    const [value] = inside(pair, 2);
    return [text(pair, 1), value && plainValue(value)];
  });
  return Object.fromEntries(entries);
}

function plainValue(value: Message): unknown {
  if (value.all(1).length > 0) return text(value, 1);
  if (value.all(3).length > 0) return Number(value.all(3)[0]);
  return inside(value, 5).flatMap((list) => inside(list, 1).map(plainValue));
}

function inside(message: Message, field: number): readonly Message[] {
  return message.all(field).map((value) => decode(value as Buffer));
}

function bytesOf(message: Message, field: number): Buffer {
  const [value = Buffer.alloc(0)] = message.all(field);
  return value as Buffer;
}

const hex = (message: Message, field: number) => bytesOf(message, field).toString("hex");
const text = (message: Message, field: number) => bytesOf(message, field).toString("utf8");
const fixed64 = (message: Message, field: number) => bytesOf(message, field).readBigUInt64LE();

/** The wire format of protobuf: https://protobuf.dev/programming-guides/encoding/. */
function decode(bytes: Buffer): Message {
  const fields = new Map<number, Value[]>();
  let at = 0;
  const varint = () => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      shift += 7n;
    }
  };
  const take = (length: number) => {
    const start = at;
    at += length;
    return bytes.subarray(start, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const values = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, values);
    const type = tag & 7;
    if (type === 0) values.push(varint());
    else values.push(take(type === 1 ? 8 : type === 5 ? 4 : Number(varint())));
  }
  return { all: (field) => fields.get(field) ?? [] };
}
