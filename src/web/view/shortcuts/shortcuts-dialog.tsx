// Lists the keyboard shortcuts.

import { Fragment } from "react";
import { Dialog } from "../dialogs/dialog.tsx";
import { IS_APPLE } from "./platform.ts";
import { keyNames, SHORTCUTS } from "./shortcut-table.ts";

export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} className="is-small">
      <dl className="shortcuts">
        {SHORTCUTS.map(({ id, name }) => (
          <div key={id}>
            <dt>{name}</dt>
            <dd>
              {keyNames(id, IS_APPLE).map((keys, index) => (
                <Fragment key={keys.join("+")}>
                  {index > 0 && " or "}
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </Fragment>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
