// Keeps the end of a growing text in sight, until its reader scrolls up. The frame has to be there from the first render on.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Who scrolls down so near to the end is taken to it: a text that grows fast has moved it on a little by then. */
const NEAR_PX = 100;

/** @param lastId of what stands at the end: something new there is gone to, wherever its reader was */
export function useStickyEnd(lastId: string) {
  const frame = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isSticking = useRef(true);
  const lastTop = useRef(0);
  const [isAtEnd, setAtEnd] = useState(true);

  const follow = useCallback(() => {
    const element = frame.current;
    if (!element || !isSticking.current) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop; // its scroll event may come together with one of the reader's
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
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const leftPx = scrollHeight - scrollTop - clientHeight;
      // Only a reader scrolls up, however little; a text that grows does not, and one that shrinks still ends where it ends.
      if (scrollTop < lastTop.current && leftPx > 1) isSticking.current = false;
      else if (scrollTop > lastTop.current && leftPx < NEAR_PX) isSticking.current = true;
      lastTop.current = scrollTop;
      setAtEnd(isSticking.current);
    };
    // In a text that grows with every frame a small step up is overtaken before it is a scroll: the wish counts.
    const onWish = () => {
      if (element.scrollHeight <= element.clientHeight || !isSticking.current) return;
      isSticking.current = false;
      setAtEnd(false);
    };
    const stopListening = onWishUp(element, onWish);
    element.addEventListener("scroll", onScroll, { passive: true });
    // What grows later, such as code that gets its colours, or a phone's keyboard.
    const sizes = new ResizeObserver(follow);
    sizes.observe(inner);
    sizes.observe(element);
    return () => {
      stopListening();
      element.removeEventListener("scroll", onScroll);
      sizes.disconnect();
    };
  }, [follow]);

  return { frame, content, isAtEnd, toEnd };
}

const KEYS_UP = ["ArrowUp", "PageUp", "Home"];

/** Calls back when a wheel, a finger or a key wants to go up. @returns ends it */
function onWishUp(element: HTMLElement, wish: () => void): () => void {
  let lastY = 0;
  const onWheel = ({ deltaY }: WheelEvent) => deltaY < 0 && wish();
  const onTouchStart = ({ touches }: TouchEvent) => {
    lastY = touches[0]?.clientY ?? 0;
  };
  const onTouchMove = ({ touches }: TouchEvent) => {
    const y = touches[0]?.clientY ?? lastY;
    if (y > lastY) wish();
    lastY = y;
  };
  const onKey = ({ key }: KeyboardEvent) => KEYS_UP.includes(key) && wish();
  const listening = new AbortController();
  const options = { passive: true, signal: listening.signal };
  element.addEventListener("wheel", onWheel, options);
  element.addEventListener("touchstart", onTouchStart, options);
  element.addEventListener("touchmove", onTouchMove, options);
  element.addEventListener("keydown", onKey, options);
  return () => listening.abort();
}
