// The API key that the user typed in, kept for this tab, or for this browser if the user chose that.

import { readStored, writeStored } from "./stored-value.ts";

const NAME = "sluice-api-key";
const forTab = () => sessionStorage;
const forBrowser = () => localStorage;

export class ApiKey {
  #key = readStored(forTab, NAME) ?? readStored(forBrowser, NAME);

  get(): string | null {
    return this.#key;
  }

  /** @param key an empty one removes the stored key */
  set(key: string, isRemembered: boolean): void {
    this.#key = key === "" ? null : key;
    writeStored(forTab, NAME, isRemembered ? null : this.#key);
    writeStored(forBrowser, NAME, isRemembered ? this.#key : null);
  }
}
