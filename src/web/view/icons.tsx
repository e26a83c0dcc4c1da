// The page's icons, drawn as strokes in the colour of the surrounding text.

import type { MouseEvent, ReactNode } from "react";

const PATHS = {
  plus: "M12 5v14M5 12h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  send: "M12 19V6M6 12l6-6 6 6",
  stop: "M8 8h8v8H8z",
  settings:
    "M4 8h9M17 8h3M4 16h3M11 16h9M15 8m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M9 16m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  code: "M9 8l-4 4 4 4M15 8l4 4-4 4",
  compare: "M5 5h5v14H5zM14 5h5v14h-5z",
  copy: "M9 9h10v10H9zM5 15V5h10",
  check: "M5 13l4 4L19 7",
  again: "M19 12a7 7 0 1 1-2-4.9M19 4v4h-4",
  edit: "M5 19h3L18 9l-3-3L5 16zM13 8l3 3",
  close: "M6 6l12 12M18 6L6 18",
  previous: "M14 7l-5 5 5 5",
  next: "M10 7l5 5-5 5",
  down: "M12 5v13M6 13l6 6 6-6",
  play: "M8 6l10 6-10 6z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  search: "M11 11m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0M20 20l-4.5-4.5",
  sun: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1 1M17.4 17.4l1 1M18.4 5.6l-1 1M6.6 17.4l-1 1",
  attach:
    "M18.5 11.5l-6.8 6.8a4.4 4.4 0 0 1-6.2-6.2l7.2-7.2a2.9 2.9 0 0 1 4.1 4.1l-7 7a1.5 1.5 0 0 1-2.1-2.1l6.3-6.3",
  file: "M7 4h7l4 4v12H7zM14 4v4h4",
  tool: "M14 6a4 4 0 0 0 5 5l-8.5 8.5a2 2 0 0 1-3-3L16 8",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

type IconButtonProps = {
  readonly icon: IconName;
  /** Tooltip and accessible name. */
  readonly label: string;
  /** A tooltip that says more than the label; screen readers get it as the description. */
  readonly tooltip?: string;
  readonly onClick: (event: MouseEvent<HTMLButtonElement>) => void;
  readonly isOn?: boolean;
  /** For a button that opens a menu: whether it is open. */
  readonly isExpanded?: boolean;
  readonly isDisabled?: boolean;
  readonly className?: string;
  readonly children?: ReactNode;
};

export function IconButton(props: IconButtonProps) {
  const {
    icon,
    label,
    tooltip = label,
    onClick,
    isOn,
    isExpanded,
    isDisabled = false,
    className = "",
    children,
  } = props;
  return (
    <button
      type="button"
      className={`icon-button ${className}`}
      aria-label={label}
      title={tooltip}
      aria-pressed={isOn}
      aria-expanded={isExpanded}
      aria-haspopup={isExpanded === undefined ? undefined : "menu"}
      disabled={isDisabled}
      onClick={onClick}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}
