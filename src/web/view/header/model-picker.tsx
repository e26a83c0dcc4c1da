// Selects the model of the conversation, and shows the state of each. Its last item opens the models panel.

import { useState } from "react";
import type { PageModel } from "../../client/page-models.ts";
import { useApp, useChosenModel, useCurrent, useOpen, useStatus } from "../context.ts";
import { PopupMenu } from "../menu.tsx";
import { modelNote, modelProblem, stateText } from "../models/model-text.ts";

export function ModelPicker() {
  const { store, server } = useApp();
  const open = useOpen();
  const [mayManage, setMayManage] = useState(false);
  const choices = useStatus().models.filter(({ canChat }) => canChat);
  const { id } = useCurrent();
  const { model: chosen } = useChosenModel();
  const choose = (model: PageModel) =>
    store.changeSettings(id, { model: model === choices[0] ? null : model.id });
  const askServer = () =>
    // A server that cannot be reached has its own notice.
    void server.mayManageModels().then(setMayManage, () => setMayManage(false));
  return (
    <PopupMenu
      label="Models"
      className="model-menu"
      button={(isOpen, toggle) => (
        <PickerButton
          isOpen={isOpen}
          onClick={() => {
            if (!isOpen) askServer();
            toggle();
          }}
        />
      )}
    >
      {(close) => (
        <>
          {choices.map((model) => (
            <ModelItem
              key={model.id}
              model={model}
              isChosen={model === chosen}
              onChoose={() => {
                close();
                choose(model);
              }}
            />
          ))}
          {mayManage && (
            <button
              type="button"
              role="menuitem"
              className="manage-models"
              onClick={() => {
                close();
                open("models");
              }}
            >
              Manage models…
            </button>
          )}
        </>
      )}
    </PopupMenu>
  );
}

type ButtonProps = { readonly isOpen: boolean; readonly onClick: () => void };

function PickerButton({ isOpen, onClick }: ButtonProps) {
  const { failure, models } = useStatus();
  const { name, model } = useChosenModel();
  const state = failure ? "unreachable" : (model?.state ?? "connecting");
  const missing = models.length === 0 ? "connecting" : "not available";
  const words = model ? stateText(model) : missing;
  // The dot is enough for the states that need no attention.
  const isQuiet = state === "ready" || state === "unloaded" || failure !== null;
  return (
    <button
      type="button"
      className="model-picker"
      aria-haspopup="menu"
      aria-expanded={isOpen}
      disabled={name === null}
      onClick={onClick}
    >
      <span className={`model-dot is-${state}`} aria-hidden="true" />
      <span className="visually-hidden">Model: </span>
      <span className="model-name">{name ?? (failure ? "No server" : "Connecting…")}</span>
      {name !== null && (
        <span className={isQuiet ? "visually-hidden" : "model-state"}>
          {" "}
          ({failure ? "no connection" : words})
        </span>
      )}
    </button>
  );
}

type ItemProps = {
  readonly model: PageModel;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
};

function ModelItem({ model, isChosen, onChoose }: ItemProps) {
  const problem = modelProblem(model);
  return (
    <button
      type="button"
      role="menuitemradio"
      aria-checked={isChosen}
      className="model-item"
      onClick={onChoose}
    >
      <span className={`model-dot is-${model.state}`} aria-hidden="true" />
      <span className="model-name">{model.id}</span>
      <span className="hint">{modelNote(model)}</span>
      {problem !== null && <span className="hint problem">{problem}</span>}
    </button>
  );
}
