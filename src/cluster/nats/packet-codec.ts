// Packets as bytes: JSON, which costs the least for the small packets of every decode step. What JSON cannot hold (typed arrays,
// NaN, the infinities, -0) travels beside it, with its place in the packet. Part of the messages' protocol version.

/** Begins a packet with values beside its JSON. No JSON text begins with it. */
const MARK = "!".charCodeAt(0);

const KINDS = { u8: Uint8Array, u32: Uint32Array, f64: Float64Array } as const;
type Kind = keyof typeof KINDS;
type TypedArray = InstanceType<(typeof KINDS)[Kind]>;

/** Where a value is in an array that holds the packet alone: numbers of elements, and names of fields. */
type ValuePath = readonly (string | number)[];
/** A number as text, or a typed array in base64. Typed arrays are little-endian, as on all platforms of Node.js. */
type Aside = readonly [path: ValuePath, kind: Kind | "number", text: string];

/**
 * @param packet plain data. A field that is undefined is absent afterwards, an undefined element null. Of typed arrays, only
 * Uint8Array, Uint32Array and Float64Array are allowed.
 */
export function encodePacket(packet: unknown): Uint8Array {
  if (isJson(packet)) return Buffer.from(JSON.stringify(packet));
  const asides: Aside[] = [];
  collectAsides([packet], [], asides);
  const text = JSON.stringify([[packet], asides], (_, value) =>
    ArrayBuffer.isView(value) ? null : value,
  );
  return Buffer.from(`!${text}`);
}

/** @throws an error for bytes that `encodePacket` did not make */
export function decodePacket(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== MARK) return JSON.parse(text.toString());
  const [holder, asides] = JSON.parse(text.toString("utf8", 1)) as [[unknown], Aside[]];
  for (const [path, kind, value] of asides) setAt(holder, path, fromText(kind, value));
  return holder[0];
}

/** Whether JSON holds all of it. Walks without allocating: every packet is walked. */
function isJson(value: unknown): boolean {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      if (value === null) return true;
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) if (!isJson(value[i])) return false;
        return true;
      }
      if (ArrayBuffer.isView(value)) return false;
      for (const name in value) if (!isJson((value as Fields)[name])) return false;
      return true;
    default:
      return true;
  }
}

type Fields = Record<string, unknown>;

function collectAsides(value: unknown, path: ValuePath, asides: Aside[]): void {
  if (typeof value === "number" && !isJson(value)) {
    asides.push([path, "number", Object.is(value, -0) ? "-0" : String(value)]);
  } else if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString("base64");
    asides.push([path, kindOf(value), text]);
  } else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) collectAsides(each, [...path, index], asides);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, each] of Object.entries(value)) collectAsides(each, [...path, name], asides);
  }
}

function kindOf(value: ArrayBufferView): Kind {
  if (value instanceof Uint32Array) return "u32";
  if (value instanceof Float64Array) return "f64";
  if (value instanceof Uint8Array) return "u8";
  throw new Error(`a packet cannot hold a ${value.constructor.name}`);
}

function fromText(kind: Kind | "number", text: string): number | TypedArray {
  if (kind === "number") return Number(text);
  if (!Object.hasOwn(KINDS, kind)) throw new Error(`unknown kind of array: ${kind}`);
  const bytes = Uint8Array.from(Buffer.from(text, "base64")); // a buffer of its own: wider elements must be aligned
  return new KINDS[kind](bytes.buffer);
}

/** Only replaces what is there, so that a path cannot reach a prototype. */
function setAt(holder: unknown, path: ValuePath, value: unknown): void {
  let place = holder;
  for (const [index, name] of path.entries()) {
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, name))
      throw new Error("a value has no place in its packet");
    if (index === path.length - 1) (place as Fields)[name] = value;
    else place = (place as Fields)[name];
  }
}
