// The tables of `sluice keys list`: the keys, and the groups if there are some.

import type { KeyLimits } from "../../generation/caller.ts";
import type { GroupEntry, KeyEntry } from "../../keys/keys-file.ts";
import { asTable } from "../text/table.ts";

const TOKENS = ["TOKENS/MIN", "/DAY", "/MONTH"];

export function keysTable(keys: readonly KeyEntry[]): string {
  const rows = keys.map(({ name, scopes, limits, models, group, expires, created }) => [
    name,
    scopes.join(","),
    shown(limits.concurrent),
    shown(limits.waiting),
    ...tokensOf(limits),
    shown(models?.join(",") ?? null),
    shown(group),
    expiryShown(expires),
    created,
  ]);
  const limits = ["CONCURRENT", "WAITING", ...TOKENS, "MODELS", "GROUP"];
  return asTable([["NAME", "SCOPES", ...limits, "EXPIRES", "CREATED"], ...rows]);
}

export function groupsTable(groups: readonly GroupEntry[]): string {
  const rows = groups.map(({ name, limits }) => [
    name,
    shown(limits.concurrent),
    ...tokensOf(limits),
  ]);
  return asTable([["GROUP", "CONCURRENT", ...TOKENS], ...rows]);
}

function tokensOf({ tokensPerMinute, tokensPerDay, tokensPerMonth }: KeyLimits): string[] {
  return [tokensPerMinute, tokensPerDay, tokensPerMonth].map(shown);
}

function expiryShown(expires: string | null): string {
  if (expires === null) return "-";
  return Date.parse(expires) > Date.now() ? expires : `${expires} (expired)`;
}

function shown(value: number | string | null): string {
  return String(value ?? "-");
}
