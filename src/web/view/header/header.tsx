// The bar above the conversation: title, model, context gauge, and buttons that open the panels.

import { type Opened, useApp, useCurrent } from "../context.ts";
import { IconButton } from "../icons.tsx";
import { ContextGauge } from "./context-gauge.tsx";
import { DeveloperMenu } from "./developer-menu.tsx";
import { ModelPicker } from "./model-picker.tsx";
import { SettingsButton } from "./settings-button.tsx";

type HeaderProps = {
  readonly hasSidebar: boolean;
  readonly onSidebar: () => void;
  readonly opened: Opened;
};

export function Header({ hasSidebar, onSidebar, opened }: HeaderProps) {
  const { store } = useApp();
  const { title } = useCurrent();
  const isNew = title === "";
  return (
    <header className={isNew ? "header is-new" : "header"}>
      <IconButton
        icon="menu"
        label={hasSidebar ? "Hide sidebar" : "Show sidebar"}
        onClick={onSidebar}
      />
      {/* The sidebar has its own button. */}
      {!hasSidebar && !isNew && (
        <IconButton icon="plus" label="New chat" onClick={() => store.startNew()} />
      )}
      <h1 className="header-title">{isNew ? "New chat" : title}</h1>
      <div className="header-tools">
        <ContextGauge />
        <ModelPicker />
        <DeveloperMenu />
        <SettingsButton opened={opened} />
      </div>
    </header>
  );
}
