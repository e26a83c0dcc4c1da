// Menus: a button that opens a list of items, which arrow keys move through. The items have the role menuitem or menuitemradio.

import { type ReactNode, useEffect, useRef, useState } from "react";
import { IconButton, type IconName } from "./icons.tsx";

type MenuEntry =
  | { readonly name: string; readonly run: () => void; readonly isDanger?: boolean }
  | { readonly name: string; readonly href: string };

type MenuProps = {
  readonly label: string;
  readonly entries: readonly MenuEntry[];
  /** Three dots by default. */
  readonly icon?: IconName;
};

/** A menu of actions, opened by a button. */
export function Menu({ label, entries, icon = "more" }: MenuProps) {
  return (
    <PopupMenu
      label={label}
      button={(isOpen, toggle) => (
        <IconButton icon={icon} label={label} isExpanded={isOpen} onClick={toggle} />
      )}
    >
      {(close) => entries.map((entry) => <MenuItem key={entry.name} entry={entry} close={close} />)}
    </PopupMenu>
  );
}

type ItemProps = { readonly entry: MenuEntry; readonly close: () => void };

function MenuItem({ entry, close }: ItemProps) {
  if ("href" in entry)
    return (
      <a role="menuitem" href={entry.href} onClick={close}>
        {entry.name}
      </a>
    );
  return (
    <button
      type="button"
      role="menuitem"
      className={entry.isDanger ? "is-danger" : ""}
      onClick={() => {
        close();
        entry.run();
      }}
    >
      {entry.name}
    </button>
  );
}

type PopupMenuProps = {
  readonly label: string;
  readonly className?: string;
  readonly button: (isOpen: boolean, toggle: () => void) => ReactNode;
  /** The items. `close` closes the menu and gives the focus back to its button. */
  readonly children: (close: () => void) => ReactNode;
};

export function PopupMenu({ label, className = "", button, children }: PopupMenuProps) {
  const [isOpen, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const items = itemsIn(frame.current);
    (items.find((item) => item.ariaChecked === "true") ?? items[0])?.focus();
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
    <div className={`menu ${className}`} ref={frame}>
      {button(isOpen, () => setOpen(!isOpen))}
      {isOpen && (
        <div
          className="menu-entries"
          role="menu"
          aria-label={label}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.preventDefault();
            if (event.key === "Escape" || event.key === "Tab") close();
            if (event.key === "ArrowDown") moveFocus(frame.current, 1);
            if (event.key === "ArrowUp") moveFocus(frame.current, -1);
          }}
        >
          {children(close)}
        </div>
      )}
    </div>
  );
}

function moveFocus(frame: HTMLElement | null, step: number): void {
  const items = itemsIn(frame);
  const index = items.indexOf(document.activeElement as HTMLElement);
  items[(index + step + items.length) % items.length]?.focus();
}

function itemsIn(frame: HTMLElement | null): HTMLElement[] {
  return [...(frame?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
}
