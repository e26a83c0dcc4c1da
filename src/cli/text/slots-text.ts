// Where a context is, as the commands and the banner say it.

/** "1 slot", or "each of 4 slots". */
export function slotsText(slots: number): string {
  return slots === 1 ? "1 slot" : `each of ${slots} slots`;
}
