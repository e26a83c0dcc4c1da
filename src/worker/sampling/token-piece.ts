// The bytes and text of a token, from its vocabulary entry. Bytes are needed because a token may be part of a character.

import type { LlamaModel, Token } from "node-llama-cpp";
import type { TokenPiece } from "../../generation/questions.ts";
import { vocabularyText } from "../library-internals.ts";

/** Byte-level BPE writes every byte as a character: printable bytes as themselves, the others from U+0100 upwards. */
const BYTE_OF_CHAR = byteAlphabet();
const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;

/** Caches pieces, because each lookup makes several native calls. */
const cache = new WeakMap<LlamaModel, Map<number, TokenPiece>>();

export function tokenPiece(model: LlamaModel, token: number): TokenPiece {
  const pieces = cache.get(model) ?? new Map<number, TokenPiece>();
  cache.set(model, pieces);
  const found = pieces.get(token);
  if (found) return found;
  const bytes = tokenBytes(model, token);
  const piece = { id: token, text: Buffer.from(bytes).toString(), bytes };
  pieces.set(token, piece);
  return piece;
}

function tokenBytes(model: LlamaModel, token: number): readonly number[] {
  const id = token as Token;
  const { control, unknown, userDefined } = model.getTokenAttributes(id);
  const entry = vocabularyText(model, token);
  if (control || unknown || userDefined) return [...Buffer.from(entry)];
  if (model.vocabularyType === "bpe") {
    const bytes = [...entry].map((char) => BYTE_OF_CHAR.get(char));
    if (!bytes.includes(undefined)) return bytes.filter((byte) => byte !== undefined);
  }
  const [, hex] = BYTE_TOKEN.exec(entry) ?? [];
  if (hex !== undefined) return [Number.parseInt(hex, 16)];
  return [...Buffer.from(entry.replaceAll("▁", " "))];
}

/** https://github.com/openai/gpt-2/blob/master/src/encoder.py (bytes_to_unicode) */
function byteAlphabet(): ReadonlyMap<string, number> {
  const alphabet = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 0x100; byte++) {
    const prints = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    alphabet.set(String.fromCodePoint(prints ? byte : next++), byte);
  }
  return alphabet;
}
