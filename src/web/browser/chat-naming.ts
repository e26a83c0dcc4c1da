// Whether the model names chats, remembered in this browser. Off by default, because it costs an additional request.

import { readStored, writeStored } from "./stored-value.ts";

const NAME = "sluice-name-chats";

export function isNamedByModel(): boolean {
  return readStored(() => localStorage, NAME) === "on";
}

export function setNamedByModel(isOn: boolean): void {
  writeStored(() => localStorage, NAME, isOn ? "on" : null);
}
