// Shown in a chat without messages: a heading and example prompts for the model.

import { suggestionsFor } from "../../conversation/suggestions.ts";
import { useApp, useChosenModel, useCurrent } from "../context.ts";

export function EmptyChat() {
  const { store } = useApp();
  const { id } = useCurrent();
  const { name: model } = useChosenModel();
  return (
    <div className="empty-chat">
      <h2>What would you like to know?</h2>
      <p className="hint">
        {model === null ? "Connecting to the server…" : `Chat with ${model} on your own machine.`}
      </p>
      {model !== null && (
        <ul className="suggestions">
          {suggestionsFor(model).map(({ label, text, settings: more }) => (
            <li key={label}>
              <button
                type="button"
                className="suggestion"
                onClick={() => {
                  if (more) store.changeSettings(id, more);
                  store.ask(id, text);
                }}
              >
                <strong>{label}</strong>
                <span>{text}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
