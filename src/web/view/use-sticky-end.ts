// Keeps the end of a growing text in sight, until its reader scrolls up.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** So near to the end counts as the end. */
const NEAR_PX = 40;

export function useStickyEnd() {
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
  useEffect(() => {
    const element = frame.current;
    const inner = content.current;
    if (!element || !inner) return;
    let lastTop = element.scrollTop;
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const isNear = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      // Only a reader scrolls up; a text that grows does not.
      if (isNear) isSticking.current = true;
      else if (scrollTop < lastTop) isSticking.current = false;
      lastTop = scrollTop;
      setAtEnd(isSticking.current || isNear);
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
