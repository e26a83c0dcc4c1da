// Unsent messages in the browser's storage, one entry for each chat, so that a reload does not lose them.

import { readStored, storedNames, writeStored } from "../browser/stored-value.ts";

export type StoredDraft = {
  readonly text: string;
  /** Names of attached files. Their text is not stored. */
  readonly fileNames: readonly string[];
  readonly savedAtMs: number;
};

const PREFIX = "sluice-draft:";
const MAX_DRAFTS = 30;
const MAX_CHARS = 100_000;
const storage = () => localStorage;

export function readDraft(key: string): StoredDraft | null {
  try {
    const draft: unknown = JSON.parse(readStored(storage, PREFIX + key) ?? "null");
    return isDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

/** Removes an empty draft, and the oldest ones if there are too many. */
export function writeDraft(key: string, { text, fileNames, savedAtMs }: StoredDraft): void {
  if (text === "" && fileNames.length === 0) return removeDraft(key);
  const kept = { text: text.slice(0, MAX_CHARS), fileNames, savedAtMs };
  writeStored(storage, PREFIX + key, JSON.stringify(kept));
  const newestFirst = draftKeys()
    .map((each) => ({ each, savedAtMs: readDraft(each)?.savedAtMs ?? 0 }))
    .sort((one, other) => other.savedAtMs - one.savedAtMs);
  for (const { each } of newestFirst.slice(MAX_DRAFTS)) removeDraft(each);
}

export function removeDraft(key: string): void {
  writeStored(storage, PREFIX + key, null);
}

export function draftKeys(): readonly string[] {
  return storedNames(storage)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length));
}

/** Another version of the page may have written it. */
function isDraft(value: unknown): value is StoredDraft {
  if (typeof value !== "object" || value === null) return false;
  const { text, fileNames, savedAtMs } = value as Partial<Record<keyof StoredDraft, unknown>>;
  const areNames = Array.isArray(fileNames) && fileNames.every((name) => typeof name === "string");
  return typeof text === "string" && areNames && typeof savedAtMs === "number";
}
