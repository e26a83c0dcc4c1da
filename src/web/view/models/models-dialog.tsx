// The models panel: what the server has, with buttons to load, unload and delete it, and the downloads. For keys with scope admin.

import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ModelManager } from "../../chat/model-manager.ts";
import type { PageModel } from "../../client/page-models.ts";
import { useApp, useStatus } from "../context.ts";
import { ConfirmDialog } from "../dialogs/confirm-dialog.tsx";
import { Dialog } from "../dialogs/dialog.tsx";
import { bytes } from "../format.ts";
import { ModelRow } from "./model-row.tsx";
import { PullForm } from "./pull-form.tsx";
import { PullRow } from "./pull-row.tsx";

export function ModelsDialog({ onClose }: { readonly onClose: () => void }) {
  const { models } = useStatus();
  const [manager, state] = useManager();
  const [deleted, setDeleted] = useState<PageModel | null>(null);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // A row that is removed takes the focus with it.
    if (document.activeElement === document.body) panel.current?.focus({ preventScroll: true });
  });
  return (
    <>
      <Dialog title="Models" onClose={onClose}>
        <div ref={panel} className="models" tabIndex={-1}>
          <PullForm problem={state.pullProblem} onPull={(model) => manager.pull(model)} />
          {state.pulls.length > 0 && (
            <ul className="model-rows" aria-label="Downloads">
              {state.pulls.map((pull) => (
                <PullRow key={pull.id} pull={pull} manager={manager} />
              ))}
            </ul>
          )}
          <ul className="model-rows" aria-label="Models of the server">
            {models.map((model) => (
              <ModelRow
                key={model.id}
                model={model}
                action={state.working.get(model.id) ?? null}
                problem={state.problems.get(model.id) ?? null}
                onChange={(action) => void manager.change(action, model.id)}
                onDelete={() => setDeleted(model)}
              />
            ))}
          </ul>
          <p className="visually-hidden" role="status">
            {state.notice}
          </p>
        </div>
      </Dialog>
      {deleted && (
        <ConfirmDialog
          title={`Delete ${deleted.id}?`}
          text={`The file ${sizeOf(deleted)}is deleted on the server. This cannot be undone.`}
          action="Delete the file"
          onConfirm={() => void manager.change("delete", deleted.id)}
          onClose={() => setDeleted(null)}
        />
      )}
    </>
  );
}

function useManager() {
  const { server, status } = useApp();
  const [manager] = useState(() => new ModelManager(server, status));
  useEffect(() => {
    void manager.refresh();
    return () => manager.close();
  }, [manager]);
  return [manager, useSyncExternalStore(manager.subscribe, manager.get)] as const;
}

function sizeOf({ sizeBytes }: PageModel): string {
  return sizeBytes === null ? "" : `(${bytes(sizeBytes)}) `;
}
