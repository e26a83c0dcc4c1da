// Keeps the end of a growing text in sight, until its reader scrolls up. The frame has to be there from the first render on.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Who scrolls down so near to the end is taken to it: a text that grows fast has moved it on a little by then. */
const NEAR_PX = 100;

/** @param lastId of what stands at the end: something new there is gone to, wherever its reader was */
export function useStickyEnd(lastId: string) {
  const frame = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isSticking = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);

  const follow = useCallback(() => {
    const element = frame.current;
    if (element && isSticking.current) element.scrollTop = element.scrollHeight;
  }, []);
  const toEnd = useCallback(() => {
    isSticking.current = true;
    setAtEnd(true);
    follow();
  }, [follow]);

  useLayoutEffect(follow); // after every change of the text
  // biome-ignore lint/correctness/useExhaustiveDependencies: the id is what tells of something new
  useLayoutEffect(toEnd, [toEnd, lastId]);
  useEffect(() => {
    const element = frame.current;
    const inner = content.current;
    if (!element || !inner) return;
    let lastTop = element.scrollTop;
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const leftPx = scrollHeight - scrollTop - clientHeight;
      // Only a reader scrolls up, however little; a text that grows does not, and one that shrinks still ends where it ends.
      if (scrollTop < lastTop && leftPx > 1) isSticking.current = false;
      else if (leftPx < NEAR_PX) isSticking.current = true;
      lastTop = scrollTop;
      setAtEnd(isSticking.current);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    // What grows later, such as code that gets its colours, or a phone's keyboard.
    const sizes = new ResizeObserver(follow);
    sizes.observe(inner);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", onScroll);
      sizes.disconnect();
    };
  }, [follow]);

  return { frame, content, isAtEnd, toEnd };
}
