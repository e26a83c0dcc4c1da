// Keeps the end of a growing text in view until the user scrolls up. The frame must exist from the first render on.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Scrolling down this close to the end counts as reaching it, because fast text moves the end meanwhile. */
const NEAR_PX = 100;

/** @param newestId id of the newest turn; a new turn is scrolled into view wherever the user was */
export function useStickyEnd(newestId: string) {
  const frame = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isSticking = useRef(true);
  const lastTop = useRef(0);
  const [isAtEnd, setAtEnd] = useState(true);

  const follow = useCallback(() => {
    const element = frame.current;
    if (!element || !isSticking.current) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop; // its scroll event may be merged with one of the user
  }, []);
  const toEnd = useCallback(() => {
    isSticking.current = true;
    setAtEnd(true);
    follow();
  }, [follow]);

  useLayoutEffect(follow); // after every change of the text
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new id means a new turn
  useLayoutEffect(toEnd, [toEnd, newestId]);
  useEffect(() => {
    const element = frame.current;
    const inner = content.current;
    if (!element || !inner) return;
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const leftPx = scrollHeight - scrollTop - clientHeight;
      // Only the user scrolls up. Growing text does not change scrollTop, and after shrinking the end is still in view.
      if (scrollTop < lastTop.current && leftPx > 1) isSticking.current = false;
      else if (scrollTop > lastTop.current && leftPx < NEAR_PX) isSticking.current = true;
      lastTop.current = scrollTop;
      setAtEnd(isSticking.current);
    };
    // While text grows every frame, `follow` undoes a small scroll before its event fires. So the input itself counts.
    const onInput = () => {
      if (element.scrollHeight <= element.clientHeight || !isSticking.current) return;
      isSticking.current = false;
      setAtEnd(false);
    };
    const stopListening = onUpwardInput(element, onInput);
    element.addEventListener("scroll", onScroll, { passive: true });
    // Sizes also change later, for example by code highlighting or a phone's keyboard.
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

/** Listens for wheel, touch and key input that scrolls up. @returns a function that stops listening */
function onUpwardInput(element: HTMLElement, listener: () => void): () => void {
  let lastY = 0;
  const onWheel = ({ deltaY }: WheelEvent) => deltaY < 0 && listener();
  const onTouchStart = ({ touches }: TouchEvent) => {
    lastY = touches[0]?.clientY ?? 0;
  };
  const onTouchMove = ({ touches }: TouchEvent) => {
    const y = touches[0]?.clientY ?? lastY;
    if (y > lastY) listener();
    lastY = y;
  };
  const onKey = ({ key }: KeyboardEvent) => KEYS_UP.includes(key) && listener();
  const listening = new AbortController();
  const options = { passive: true, signal: listening.signal };
  element.addEventListener("wheel", onWheel, options);
  element.addEventListener("touchstart", onTouchStart, options);
  element.addEventListener("touchmove", onTouchMove, options);
  element.addEventListener("keydown", onKey, options);
  return () => listening.abort();
}
