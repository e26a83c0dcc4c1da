// The names under which clients may ask for the models.

import { suggestionFor } from "../../closest-name.ts";
import { ServiceError } from "../../errors.ts";

/** Ollama's clients append a tag to every name; this one is the default and is ignored. */
const LATEST = /:latest$/;

/** An error repeats a wrong name up to this length, and lists up to this many served names. */
const LONGEST_SHOWN = 100;
const MOST_LISTED = 10;
/** An error repeats up to this many options --alias. */
const MOST_ALIASES = 5;

export type CatalogEntry<T> = {
  /** The first one is the id in answers to a name that is none of them. */
  readonly names: readonly [string, ...string[]];
  readonly value: T;
};

export type CatalogOptions<T> = {
  /** The first one is for requests that name no model. */
  readonly entries: readonly [CatalogEntry<T>, ...CatalogEntry<T>[]];
  /** Whether the first model takes every name that no other model has. */
  readonly servesAny: boolean;
  /** Whether an error says how an unknown name can be served: for requests for answers. */
  readonly advisesAlias: boolean;
};

export type Resolved<T> = {
  /** The id that the answer carries. */
  readonly id: string;
  readonly value: T;
};

export class Catalog<T> {
  readonly #options: CatalogOptions<T>;

  constructor(options: CatalogOptions<T>) {
    this.#options = options;
  }

  /** The ids that clients see. */
  get ids(): readonly string[] {
    return this.#options.entries.flatMap(({ names }) => names);
  }

  /** Null for a name that is not served. @param name null, when a client named none, means the first model */
  find(name: string | null): Resolved<T> | null {
    const { entries, servesAny } = this.#options;
    const [{ names, value }] = entries;
    if (name === null) return { id: names[0], value };
    for (const id of [name, name.replace(LATEST, "")]) {
      const entry = entries.find((each) => each.names.includes(id));
      if (entry) return { id, value: entry.value };
    }
    return servesAny ? { id: names[0], value } : null;
  }

  /** @throws ServiceError `model_not_found` */
  resolve(name: string | null): Resolved<T> {
    const found = this.find(name);
    if (found) return found;
    const given = name ?? "";
    const shown = given.slice(0, LONGEST_SHOWN).toWellFormed();
    throw new ServiceError(
      "model_not_found",
      `the model ${JSON.stringify(shown)} is not served here${suggestionFor(given, this.ids)}; ` +
        `served: ${this.#list()}${this.#options.advisesAlias ? `. ${this.#advice(shown)}` : ""}`,
      { field: "model" },
    );
  }

  /** The ids of the models, then their other names. */
  #list(): string {
    const { entries } = this.#options;
    const names = [
      ...entries.map(({ names: [id] }) => id),
      ...entries.flatMap(({ names: [, ...others] }) => others),
    ];
    const more = names.length - MOST_LISTED;
    return names.slice(0, MOST_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
  }

  /** The name of the file is no longer a name once there is an alias, so the command repeats the names. */
  #advice(shown: string): string {
    const [{ names }] = this.#options.entries;
    const any = "with --alias '*' for any name";
    if (shown === "") return `Leave it out, or start ${any}`;
    const aliases =
      names.length > MOST_ALIASES
        ? `a further --alias ${shown}`
        : `--alias ${[...names, shown].join(" --alias ")}`;
    return `To serve it under that name too, start with ${aliases}, or ${any}`;
  }
}
