// Folds content that is higher than its style allows, with a button that shows all of it.

import { type ReactNode, useEffect, useId, useRef, useState } from "react";

export function Folded({ children }: { readonly children: ReactNode }) {
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const element = frame.current;
    if (!element || isOpen) return;
    const observer = new ResizeObserver(() =>
      setLong(element.scrollHeight > element.clientHeight + 1),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [isOpen]);
  const state = isLong && !isOpen ? "is-folded" : isOpen ? "is-open" : "";
  return (
    <>
      <div ref={frame} id={id} className={`foldable ${state}`}>
        {children}
      </div>
      {isLong && (
        <button
          type="button"
          className="link fold-button"
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? "Show less" : "Show all"}
        </button>
      )}
    </>
  );
}
