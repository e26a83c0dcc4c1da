// The names under which clients may ask for the model.

import { ServiceError } from "../errors.ts";

/** The alias that accepts every name. */
const ANY = "*";
/** Ollama's clients append a tag to every name; this one is the default and is ignored. */
const LATEST = /:latest$/;

/** An error repeats a wrong name up to this length. */
const LONGEST_SHOWN = 100;

export type CatalogOptions = {
  /** The name of the GGUF file without its extension: the id if there is no alias. */
  readonly fileName: string;
  readonly aliases: readonly string[];
};

export class Catalog {
  /** The ids that clients see. The first one is also the id in answers to any other name. */
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

  /**
   * @param name as a client wrote it; null, when it named none, means the only model there is
   * @returns the id that the answer carries
   * @throws ServiceError `model_not_found`
   */
  resolve(name: string | null): string {
    if (name === null || this.#servesAny) return this.realId;
    const served = [name, name.replace(LATEST, "")].find((each) => this.ids.includes(each));
    if (served !== undefined) return served;
    const shown = name.slice(0, LONGEST_SHOWN).toWellFormed();
    throw new ServiceError(
      "model_not_found",
      `the model ${JSON.stringify(shown)} is not served here; served: ${this.ids.join(", ")}. ` +
        (shown === ""
          ? "Leave it out, or start"
          : `To serve it under that name too, start with --alias ${[...this.ids, shown].join(" --alias ")}, or`) +
        " with --alias '*' for any name",
      { field: "model" },
    );
  }
}
