// The bar above the conversation: title, model, context gauge, and buttons that open the panels.

import { type Opened, useCurrent, useOpen } from "../context.ts";
import { IconButton } from "../icons.tsx";
import { ContextGauge } from "./context-gauge.tsx";
import { ModelPicker } from "./model-picker.tsx";

type HeaderProps = {
  readonly hasSidebar: boolean;
  readonly onSidebar: () => void;
  readonly opened: Opened;
};

export function Header({ hasSidebar, onSidebar, opened }: HeaderProps) {
  const open = useOpen();
  const { title } = useCurrent();
  return (
    <header className="header">
      <IconButton
        icon="menu"
        label={hasSidebar ? "Hide sidebar" : "Show sidebar"}
        onClick={onSidebar}
      />
      <h1 className="header-title">{title === "" ? "New chat" : title}</h1>
      <div className="header-tools">
        <ContextGauge />
        <ModelPicker />
        <IconButton
          icon="compare"
          label="Compare streamed and buffered"
          onClick={() => open("compare")}
        />
        <IconButton icon="code" label="Show request" onClick={() => open("code")} />
        <IconButton
          icon="settings"
          label="Chat settings"
          isOn={opened === "settings"}
          onClick={() => open(opened === "settings" ? "nothing" : "settings")}
        />
      </div>
    </header>
  );
}
