// Decides when a growing block is parsed again. Each parse covers the whole block and costs some microseconds per
// character. Parsing a list of many pages for every delta would block the page.

import type { ReactElement } from "react";

type Render = (text: string, isLive: boolean) => ReactElement;

type PacedRender = {
  readonly element: ReactElement;
  /** Time until the newest text can be rendered; 0 if the element shows it already. */
  readonly waitMs: number;
};

/** Up to this length a block is parsed for every delta. */
const SHORT_CHARACTERS = 1000;

/** After a parse, a long block is not parsed again for this multiple of the parse time. Parsing takes a quarter of the time. */
const REST_FACTOR = 3;

type Rendered = {
  readonly text: string;
  readonly isLive: boolean;
  readonly element: ReactElement;
  /** When the block may be rendered again. */
  readonly restsUntilMs: number;
};

export function createPacedRenderer(
  render: Render,
  nowMs: () => number = () => performance.now(),
): (text: string, isLive: boolean) => PacedRender {
  let last: Rendered | undefined;
  return (text, isLive) => {
    if (last?.text === text && last.isLive === isLive) return { element: last.element, waitMs: 0 };
    const startedAtMs = nowMs();
    const isPaced = isLive && last?.isLive && text.length > SHORT_CHARACTERS;
    if (last && isPaced && startedAtMs < last.restsUntilMs) {
      return { element: last.element, waitMs: last.restsUntilMs - startedAtMs };
    }
    const element = render(text, isLive);
    const endedAtMs = nowMs();
    const restsUntilMs = endedAtMs + REST_FACTOR * (endedAtMs - startedAtMs);
    last = { text, isLive, element, restsUntilMs };
    return { element, waitMs: 0 };
  };
}
