// Lets the model name chats, for all chats of this browser.

import { useId, useState } from "react";
import { isNamedByModel, setNamedByModel } from "../../browser/chat-naming.ts";

export function NamingField() {
  const id = useId();
  const [isOn, show] = useState(isNamedByModel);
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          aria-describedby={id}
          checked={isOn}
          onChange={({ currentTarget: { checked } }) => {
            setNamedByModel(checked);
            show(checked);
          }}
        />
        Let the model name chats
      </label>
      <p id={id} className="hint">
        After the first answer, a short request with low priority asks for a title.
      </p>
    </div>
  );
}
