// A button that opens a menu.

import { useEffect, useRef, useState } from "react";
import { IconButton } from "../icons.tsx";

type MenuEntry = {
  readonly name: string;
  readonly run: () => void;
  readonly isDanger?: boolean;
};

type MenuProps = { readonly label: string; readonly entries: readonly MenuEntry[] };

export function Menu({ label, entries }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    frame.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const onPointer = ({ target }: Event) => {
      if (!frame.current?.contains(target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", onPointer);
    return () => removeEventListener("pointerdown", onPointer);
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    frame.current?.querySelector("button")?.focus();
  };
  return (
    <div className="menu" ref={frame}>
      <IconButton icon="more" label={label} isOn={isOpen} onClick={() => setOpen(!isOpen)} />
      {isOpen && (
        <div
          className="menu-entries"
          role="menu"
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              event.preventDefault();
              close();
            }
            if (event.key === "ArrowDown") moveFocus(frame.current, 1);
            if (event.key === "ArrowUp") moveFocus(frame.current, -1);
          }}
        >
          {entries.map(({ name, run, isDanger = false }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              className={isDanger ? "is-danger" : ""}
              onClick={() => {
                close();
                run();
              }}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function moveFocus(frame: HTMLElement | null, step: number): void {
  const items = [...(frame?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const index = items.indexOf(document.activeElement as HTMLElement);
  items[(index + step + items.length) % items.length]?.focus();
}
