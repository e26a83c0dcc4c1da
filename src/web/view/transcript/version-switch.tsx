// Switches between the versions of a turn: ‹ 2/3 ›.

import type { TurnVersion } from "../../conversation/versions.ts";
import { useApp } from "../context.ts";
import { IconButton } from "../icons.tsx";

export type VersionProps = {
  readonly conversationId: string;
  /** Null for a turn with a single version. */
  readonly version: TurnVersion | null;
  /** No other version can be shown while an answer streams. */
  readonly isAnswering: boolean;
};

export function VersionSwitch({ conversationId, version, isAnswering }: VersionProps) {
  const { store } = useApp();
  if (version === null) return null;
  const { number, count, previousId, nextId } = version;
  const show = (from: Element, turnId: string | null, isNext: boolean) => {
    if (turnId === null) return;
    const { top: topPx } = from.getBoundingClientRect();
    store.showVersion(conversationId, turnId);
    // React renders a change of the store at the end of the event, before later microtasks.
    queueMicrotask(() => focusIn(turnId, { topPx, isNext }));
  };
  return (
    <fieldset className="version-switch">
      <legend className="visually-hidden">
        Version {number} of {count}
      </legend>
      <IconButton
        icon="previous"
        label="Previous version"
        isDisabled={isAnswering || previousId === null}
        onClick={({ currentTarget }) => show(currentTarget, previousId, false)}
      />
      <span aria-hidden="true">
        {number}/{count}
      </span>
      <IconButton
        icon="next"
        label="Next version"
        isDisabled={isAnswering || nextId === null}
        onClick={({ currentTarget }) => show(currentTarget, nextId, true)}
      />
    </fieldset>
  );
}

/** Id of the element that shows a turn. */
export function turnElementId(turnId: string): string {
  return `turn-${turnId}`;
}

/** Focuses the same button of the new turn and keeps it where it was on the screen, so that it can be pressed again. */
function focusIn(turnId: string, { topPx, isNext }: { topPx: number; isNext: boolean }): void {
  const turn = document.getElementById(turnElementId(turnId));
  const buttons = turn?.querySelectorAll<HTMLButtonElement>(".version-switch button");
  const [previous, next] = buttons ?? [];
  const [wanted, other] = isNext ? [next, previous] : [previous, next];
  const button = wanted?.disabled ? other : wanted;
  button?.focus({ preventScroll: true });
  const frame = turn?.closest(".transcript");
  if (frame && button) frame.scrollTop += button.getBoundingClientRect().top - topPx;
}
