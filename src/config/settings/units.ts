// Sizes and times as people write them. Pure. Used by the kinds of settings in setting.ts.

const SIZE_UNITS = ["", "K", "M", "G", "T"];
const TIME_UNITS_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** `4GiB`, `4GB`, `4G` and 4294967296 are the same. @returns null for anything else */
export function parseBytes(text: string): number | null {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const bytes = Math.floor(Number(digits) * 1024 ** SIZE_UNITS.indexOf(unit.toUpperCase()));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** `90s`, `1.5m` and 90 are the same. @returns milliseconds, or null for anything else */
export function parseTime(text: string): number | null {
  const [, digits, unit = "s"] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  if (digits === undefined) return null;
  return Math.round(Number(digits) * TIME_UNITS_MS[unit as keyof typeof TIME_UNITS_MS]);
}

/** In the largest unit that needs no fraction: 600000 is `10m`. */
export function formatTime(ms: number): string {
  const units = Object.entries(TIME_UNITS_MS);
  const [unit, unitMs] = units.find(([, each]) => ms % each === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}
