// Which names are served, and what they mean.

import { ServiceError } from "../errors.ts";

/** The alias that stands for every name. */
const ANY = "*";
/** Ollama's clients put a tag behind every name: this one says nothing. */
const LATEST = ":latest";

/** A wrong name comes back in the error, but not however long it is. */
const LONGEST_SHOWN = 100;

export type CatalogOptions = {
  /** Name of the GGUF file, without its ending: the id if there is no alias. */
  readonly fileName: string;
  readonly aliases: readonly string[];
};

export class Catalog {
  /** Ids that clients see. The first is the model's real id, for answers to a name that is none of them. */
  readonly ids: readonly string[];
  readonly #servesAny: boolean;

  constructor({ fileName, aliases }: CatalogOptions) {
    const names = aliases.filter((alias) => alias !== ANY);
    this.ids = names.length > 0 ? [...new Set(names)] : [fileName];
    this.#servesAny = aliases.includes(ANY);
  }

  get realId(): string {
    return this.ids[0] ?? "";
  }

  #withAlias(name: string): string {
    return `with --alias ${this.ids.join(" --alias ")} --alias ${name}`;
  }

  /**
   * @param name as a client wrote it; null, when it named none, means the only model there is
   * @returns the id that the answer carries
   * @throws ServiceError `model_not_found`
   */
  resolve(name: string | null): string {
    if (name === null || this.#servesAny) return this.realId;
    const served = [name, withoutLatest(name)].find((each) => this.ids.includes(each));
    if (served !== undefined) return served;
    const shown = name.slice(0, LONGEST_SHOWN).toWellFormed();
    throw new ServiceError(
      "model_not_found",
      `the model ${JSON.stringify(shown)} is not served here; served: ${this.ids.join(", ")}. ` +
        (shown === ""
          ? "Leave it out, or start"
          : `To serve it under that name too, start ${this.#withAlias(shown)}, or`) +
        " with --alias '*' for any name",
      { param: "model" },
    );
  }
}

function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}
