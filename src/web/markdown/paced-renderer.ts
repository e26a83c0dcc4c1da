// Decides when a growing block is parsed again. Parsing costs some microseconds for a character, and a block is parsed
// as a whole: a list of many pages, parsed for every delta, would leave the page no time for anything else.

import type { ReactElement } from "react";

type Render = (text: string, isLive: boolean) => ReactElement;

type PacedRender = {
  readonly element: ReactElement;
  /** The element is of an older text; the newest can be rendered after this time. 0: it is the newest. */
  readonly waitMs: number;
};

/** Up to this length a block is parsed for every delta, whatever it costs. */
const SHORT_CHARACTERS = 1000;

/** After it was parsed, a long block rests for so many times what that took: a quarter of the time goes into it. */
const REST_FACTOR = 3;

type Rendered = {
  readonly text: string;
  readonly isLive: boolean;
  readonly element: ReactElement;
  /** When it may be rendered again. */
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
