// Days and months as the accounts count them: in UTC, as text that sorts by time.

/** `2027-01-31`. */
export type UtcDay = string;

const DAY_MS = 86_400_000;

/** @param atMs milliseconds since 1970 */
export function dayOf(atMs: number): UtcDay {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** The day that is `days` before another. */
export function daysBefore(day: UtcDay, days: number): UtcDay {
  return dayOf(startOf(day) - days * DAY_MS);
}

/** Milliseconds since 1970 at 00:00 UTC. */
export function startOf(day: UtcDay): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** Whether two days are in the same month. */
export function isSameMonth(one: UtcDay, other: UtcDay): boolean {
  return one.slice(0, 7) === other.slice(0, 7);
}

/** Whether the text is a day of the calendar. */
export function isDay(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(startOf(text)) && dayOf(startOf(text)) === text
  );
}
