// Python's strftime, for the templates that put the date into the prompt. https://docs.python.org/3/library/datetime.html

const LOCALE = "en-US";

/** Writes local time. A code that is not in the table stays as it is. `%-d` is without the leading zero. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (code, bare: string, name: string) => {
    const text = partOf(date, name);
    if (text === null) return code;
    return bare ? text.replace(/^0+(?=\d)/, "") : text;
  });
}

function partOf(date: Date, code: string): string | null {
  const pad = (value: number, digits = 2) => `${value}`.padStart(digits, "0");
  const word = (options: Intl.DateTimeFormatOptions) => date.toLocaleString(LOCALE, options);
  switch (code) {
    case "Y":
      return `${date.getFullYear()}`;
    case "y":
      return pad(date.getFullYear() % 100);
    case "m":
      return pad(date.getMonth() + 1);
    case "B":
      return word({ month: "long" });
    case "b":
      return word({ month: "short" });
    case "d":
      return pad(date.getDate());
    case "e":
      return `${date.getDate()}`.padStart(2);
    case "j":
      return pad(dayOfYear(date), 3);
    case "A":
      return word({ weekday: "long" });
    case "a":
      return word({ weekday: "short" });
    case "H":
      return pad(date.getHours());
    case "I":
      return pad(date.getHours() % 12 || 12);
    case "p":
      return date.getHours() < 12 ? "AM" : "PM";
    case "M":
      return pad(date.getMinutes());
    case "S":
      return pad(date.getSeconds());
    case "F":
      return strftime(date, "%Y-%m-%d");
    case "T":
      return strftime(date, "%H:%M:%S");
    case "%":
      return "%";
    default:
      return null;
  }
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 0);
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000;
}
