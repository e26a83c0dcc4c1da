// Names that models were given while the server runs, as Ollama's `cp` does. For model-list.ts.

import { ServiceError } from "../../errors.ts";

/** Each is an entry in every list of models. */
const MAX_NAMES = 64;

export class AddedNames {
  /** Name → id of its model. */
  readonly #ids = new Map<string, string>();

  /** @throws ServiceError 400 if there are too many */
  add(name: string, id: string): void {
    if (this.#ids.size >= MAX_NAMES) {
      const message = `${MAX_NAMES} names have been added, which is the most; delete one (DELETE /v1/models/NAME)`;
      throw new ServiceError("invalid_value", message);
    }
    this.#ids.set(name, id);
  }

  get all(): readonly string[] {
    return [...this.#ids.keys()];
  }

  /** @param id of a model */
  of(id: string): readonly string[] {
    return this.all.filter((name) => this.#ids.get(name) === id);
  }

  remove(name: string): void {
    this.#ids.delete(name);
  }

  /** Forgets the names of all other models. */
  keepOnly(ids: readonly string[]): void {
    for (const [name, id] of this.#ids) if (!ids.includes(id)) this.#ids.delete(name);
  }
}
