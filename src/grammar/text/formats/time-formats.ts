// Formats of dates, times and durations as regular expressions. format-patterns.ts anchors them.
// RFC 3339: https://www.rfc-editor.org/rfc/rfc3339#section-5.6 and #appendix-A
// HTTP dates: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7

import { either, optional } from "./either.ts";

/** Year 0000 is left out: Python has no such year. */
const YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])";
const MULTIPLE_OF_4 = "(?:0[48]|[2468][048]|[13579][26])";
const LEAP_YEAR = `(?:[0-9]{2}${MULTIPLE_OF_4}|${MULTIPLE_OF_4}00)`;
const TO_28 = "(?:0[1-9]|1[0-9]|2[0-8])";
const TO_30 = "(?:0[1-9]|[12][0-9]|30)";
const TO_31 = "(?:0[1-9]|[12][0-9]|3[01])";
const DATE = either(
  `${YEAR}-${either(`(?:0[13578]|1[02])-${TO_31}`, `(?:0[469]|11)-${TO_30}`, `02-${TO_28}`)}`,
  `${LEAP_YEAR}-02-29`,
);

const HOUR = "(?:[01][0-9]|2[0-3])";
const SIXTIETH = "[0-5][0-9]";
/** More digits are valid, but a model that starts to write them may not stop. */
const FRACTION = "(?:\\.[0-9]{1,9})?";
const CLOCK = `${HOUR}:${SIXTIETH}:${SIXTIETH}${FRACTION}`;
const OFFSET = `(?:[Zz]|[-+]${HOUR}:${SIXTIETH})`;
/** A leap second ends a day of UTC. In other time zones it would need the sum of time and offset: left out. */
const LEAP_SECOND = `23:59:60${FRACTION}(?:[Zz]|[-+]00:00)`;
const TIME = either(`${CLOCK}${OFFSET}`, LEAP_SECOND);

const NUMBER = "[0-9]{1,9}";
const SECONDS = `${NUMBER}S`;
const MINUTES = `${NUMBER}M${optional(SECONDS)}`;
const HOURS = `${NUMBER}H${optional(MINUTES)}`;
const TIME_SPAN = `T${either(HOURS, MINUTES, SECONDS)}`;
const DAYS = `${NUMBER}D`;
const MONTHS = `${NUMBER}M${optional(DAYS)}`;
const YEARS = `${NUMBER}Y${optional(MONTHS)}`;
const DATE_SPAN = `${either(YEARS, MONTHS, DAYS)}${optional(TIME_SPAN)}`;

/** The day of the week need not fit the date. */
const HTTP_DAY = either(
  `${TO_31} (?:Jan|Mar|May|Jul|Aug|Oct|Dec) ${YEAR}`,
  `${TO_30} (?:Apr|Jun|Sep|Nov) ${YEAR}`,
  `${TO_28} Feb ${YEAR}`,
  `29 Feb ${LEAP_YEAR}`,
);

/** Bodies without anchors, by format name. */
export const TIME_FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  "date-time": `${DATE}[Tt]${TIME}`,
  "time-local": CLOCK,
  "date-time-local": `${DATE}[Tt]${CLOCK}`,
  duration: `P${either(DATE_SPAN, TIME_SPAN, `${NUMBER}W`)}`,
  "http-date": `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ${HTTP_DAY} ${HOUR}:${SIXTIETH}:${SIXTIETH} GMT`,
};
