// The message that the user writes in each chat, with its files. The text survives a reload, the files do not.

import { FileProblem } from "../attachments/file-problem.ts";
import { readFile } from "../attachments/read-file.ts";
import type { PageProgress } from "../attachments/read-file-options.ts";
import { Listeners } from "../browser/listeners.ts";
import type { ChatFile, Conversation } from "../conversation/conversation.ts";
import { newId } from "../conversation/ids.ts";
import { draftKeys, readDraft, removeDraft, writeDraft } from "./stored-drafts.ts";

export type DraftFile = {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Null while it is read. */
  readonly text: string | null;
  /** Pages of a PDF that is read. */
  readonly progress: PageProgress | null;
  /** Whether it is a long text that was pasted, which can go back into the message. */
  readonly isPasted: boolean;
};

export type Draft = {
  readonly text: string;
  readonly files: readonly DraftFile[];
  /** Why files could not be attached, and which files a reload has lost. */
  readonly problems: readonly string[];
};

const EMPTY: Draft = { text: "", files: [], problems: [] };
const MAX_FILES = 20;
/** Delay between a key press and the write. */
const SAVE_MS = 300;
/** Key of the chat without messages, whose id is another one after a reload. */
const NEW_CHAT = "new";

export class Drafts {
  readonly #drafts = new Map<string, Draft>();
  readonly #reads = new Map<string, AbortController>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Listeners();
  #chatCount = 0;

  constructor() {
    addEventListener("pagehide", () => {
      for (const key of [...this.#timers.keys()]) this.#save(key);
    });
  }

  readonly subscribe = this.#listeners.subscribe;

  get(key: string): Draft {
    const known = this.#drafts.get(key);
    if (known) return known;
    const stored = readDraft(key);
    const draft = stored
      ? { ...EMPTY, text: stored.text, problems: lost(stored.fileNames) }
      : EMPTY;
    this.#drafts.set(key, draft);
    return draft;
  }

  setText(key: string, text: string): void {
    this.#change(key, { text });
  }

  /** Reads the files one after the other. A file that cannot be read becomes a problem. */
  async attach(key: string, files: readonly File[]): Promise<void> {
    const room = Math.max(0, MAX_FILES - this.get(key).files.length);
    const added = files.slice(0, room).map((file) => ({ file, entry: entryFor(file) }));
    if (files.length > room)
      this.#addProblem(key, `Only ${MAX_FILES} files can be attached to a message.`);
    for (const { entry } of added) {
      this.#reads.set(entry.id, new AbortController());
      this.#change(key, { files: [...this.get(key).files, entry] });
    }
    for (const { file, entry } of added) await this.#read(key, entry, file);
  }

  /** Attaches a long text that was pasted. */
  attachPasted(key: string, text: string): void {
    const { files } = this.get(key);
    const names = new Set(files.map(({ name }) => name));
    let name = "Pasted text";
    for (let number = 2; names.has(name); number++) name = `Pasted text ${number}`;
    const sizeBytes = new Blob([text]).size;
    const file = { id: newId(), name, sizeBytes, text, progress: null, isPasted: true };
    this.#change(key, { files: [...files, file] });
  }

  /** Moves the text of a file to the end of the message. */
  moveIntoText(key: string, { id, text }: DraftFile): void {
    const before = this.get(key).text;
    const space = before === "" || before.endsWith("\n") ? "" : "\n";
    this.#change(key, { text: `${before}${space}${text ?? ""}` });
    this.removeFile(key, id);
  }

  /** Stops reading it, too. */
  removeFile(key: string, fileId: string): void {
    this.#reads.get(fileId)?.abort();
    this.#reads.delete(fileId);
    this.#change(key, { files: this.get(key).files.filter(({ id }) => id !== fileId) });
  }

  dismissProblems(key: string): void {
    this.#change(key, { problems: [] });
  }

  /** After the message was sent. */
  clear(key: string): void {
    for (const { id } of this.get(key).files) this.removeFile(key, id);
    this.#change(key, EMPTY);
    this.#save(key);
  }

  /** Removes the drafts of deleted chats. Called after every change, so it looks only if the number of chats has changed. */
  keepOnly(conversations: readonly Conversation[]): void {
    if (conversations.length === this.#chatCount) return;
    this.#chatCount = conversations.length;
    const kept = new Set([NEW_CHAT, ...conversations.map(({ id }) => id)]);
    const keys = new Set([...draftKeys(), ...this.#drafts.keys()]);
    for (const key of keys) {
      if (kept.has(key)) continue;
      this.clear(key);
      this.#drafts.delete(key);
      removeDraft(key);
    }
  }

  async #read(key: string, { id, name }: DraftFile, file: File): Promise<void> {
    const signal = this.#reads.get(id)?.signal;
    if (!signal) return; // removed before its turn
    try {
      const onProgress = (progress: PageProgress) => this.#changeFile(key, id, { progress });
      const text = await readFile(file, { signal, onProgress });
      this.#changeFile(key, id, { text, progress: null });
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof FileProblem ? error.message : String(error);
      this.removeFile(key, id);
      this.#addProblem(key, `“${name}” was not attached: ${reason}`);
    } finally {
      this.#reads.delete(id);
    }
  }

  #addProblem(key: string, problem: string): void {
    this.#change(key, { problems: [...this.get(key).problems, problem] });
  }

  #changeFile(key: string, id: string, change: Partial<DraftFile>): void {
    const files = this.get(key).files.map((file) =>
      file.id === id ? { ...file, ...change } : file,
    );
    this.#change(key, { files });
  }

  #change(key: string, change: Partial<Draft>): void {
    this.#drafts.set(key, { ...this.get(key), ...change });
    if (!this.#timers.has(key))
      this.#timers.set(
        key,
        setTimeout(() => this.#save(key), SAVE_MS),
      );
    this.#listeners.notify();
  }

  #save(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const { text, files } = this.get(key);
    const fileNames = files.map(({ name }) => name);
    writeDraft(key, { text, fileNames, savedAtMs: Date.now() });
  }
}

export function draftKey({ id, turns }: Conversation): string {
  return turns.length === 0 ? NEW_CHAT : id;
}

/** The files as they are sent. */
export function readyFiles({ files }: Draft): readonly ChatFile[] {
  return files.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]));
}

function entryFor({ name, size }: File): DraftFile {
  // The browser names pasted pictures and texts without a name.
  const shown = name === "" ? "File" : name;
  return { id: newId(), name: shown, sizeBytes: size, text: null, progress: null, isPasted: false };
}

function lost(fileNames: readonly string[]): readonly string[] {
  if (fileNames.length === 0) return [];
  const names = fileNames.map((name) => `“${name}”`).join(", ");
  return [`The reload kept your text, but not ${names}. Attach it again.`];
}
