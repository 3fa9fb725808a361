/* Modal dialogs: the browser's own element, which keeps the focus inside and gives it back. */

import { freshId, h } from "./dom";

export interface Dialog {
  element: HTMLDialogElement;
  body: HTMLElement;
  close(): void;
}

export function openDialog(title: string, ...content: (Node | string)[]): Dialog {
  const heading = h("h2", { id: freshId() }, title);
  const body = h("div", { class: "stack" }, heading, ...content);
  const element = h("dialog", { attributes: { "aria-labelledby": heading.id } }, body);
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  element.showModal();
  return { element, body, close: () => element.close() };
}

export function cancelButton(element: () => Dialog, words = "Cancel"): HTMLButtonElement {
  return h("button", { attributes: { type: "button" }, on: { click: () => element().close() } }, words);
}
