// The names under which clients may ask for the models.

import { ServiceError } from "../errors.ts";

/** Ollama's clients append a tag to every name; this one is the default and is ignored. */
const LATEST = /:latest$/;

/** An error repeats a wrong name up to this length, and lists up to this many served names. */
const LONGEST_SHOWN = 100;
const MOST_LISTED = 20;

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
    const { ids } = this;
    const [{ names }] = this.#options.entries;
    const shown = (name ?? "").slice(0, LONGEST_SHOWN).toWellFormed();
    const listed = ids.slice(0, MOST_LISTED).join(", ");
    const more = ids.length > MOST_LISTED ? ` and ${ids.length - MOST_LISTED} more` : "";
    throw new ServiceError(
      "model_not_found",
      `the model ${JSON.stringify(shown)} is not served here; served: ${listed}${more}. ` +
        (shown === ""
          ? "Leave it out, or start"
          : `To serve it under that name too, start with --alias ${[...names, shown].join(" --alias ")}, or`) +
        " with --alias '*' for any name",
      { field: "model" },
    );
  }
}
