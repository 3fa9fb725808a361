/* Parts of larger forms: text, choices, switches, and buttons that do something at once. */

import { api } from "./api";
import { cancelButton, openDialog } from "./dialog";
import { busy, field, h } from "./dom";
import { connectionPath, showFailure, type Context } from "./section";

type Attributes = Record<string, string | number | boolean>;

export function text(attributes: Attributes = {}): HTMLInputElement {
  const { value, ...rest } = attributes;
  const input = h("input", { attributes: { autocomplete: "off", spellcheck: "false", ...rest } });
  if (value !== undefined) input.value = String(value);
  return input;
}

export function area(rows: number, value = ""): HTMLTextAreaElement {
  const input = h("textarea", { attributes: { rows, spellcheck: "false" } });
  input.value = value;
  return input;
}

export function select(value: string, ...pairs: [string, string][]): HTMLSelectElement {
  const element = h(
    "select",
    {},
    ...pairs.map(([name, words]) => h("option", { attributes: { value: name } }, words)),
  );
  if (value) element.value = value;
  return element;
}

export interface Choice {
  element: HTMLElement;
  input: HTMLInputElement;
}

export function radio(name: string, value: string, words: string, checked: boolean): Choice {
  const input = h("input", { attributes: { type: "radio", name, value, checked } });
  return { input, element: h("label", { class: "choice" }, input, h("span", {}, words)) };
}

/* What a switch means stands under it. */
export function check(words: string, checked: boolean, hint = ""): Choice {
  const input = h("input", { attributes: { type: "checkbox", checked } });
  const line = h("span", {}, words, hint && h("span", { class: "hint block" }, hint));
  return { input, element: h("label", { class: "choice" }, input, line) };
}

export function group(legend: string, ...content: (Node | string)[]): HTMLElement {
  return h("fieldset", { class: "stack" }, h("legend", {}, legend), ...content);
}

/* A text area that can also be filled from a file. */
export function fileField(
  label: string,
  into: HTMLTextAreaElement,
  hint: string,
  accept: string,
): HTMLElement {
  const pick = h("input", { attributes: { type: "file", accept, "aria-label": `${label}: choose a file` } });
  pick.addEventListener("change", () => {
    const file = pick.files?.[0];
    if (file) void file.text().then((words) => (into.value = words));
  });
  return h("div", { class: "stack tight" }, field(label, into, hint), pick);
}

export function button(
  words: string,
  kind: string,
  context: Context,
  outcome: HTMLElement,
  work: () => Promise<void>,
): HTMLButtonElement {
  const element = h("button", { class: `compact ${kind}`, attributes: { type: "button" } }, words);
  element.addEventListener(
    "click",
    () =>
      void busy(element, async () => {
        outcome.replaceChildren();
        try {
          await work();
        } catch (failure) {
          showFailure(outcome, context, failure);
        }
      }),
  );
  return element;
}

/* A button that asks once more, because what it does ends something. */
export function asked(
  words: string,
  question: string,
  consequence: string,
  yes: string,
  context: Context,
  work: () => Promise<void>,
): HTMLButtonElement {
  const open = (): void => {
    const trouble = h("div");
    const go = button(yes, "danger", context, trouble, async () => {
      await work();
      dialog.close();
    });
    const dialog = openDialog(
      question,
      h("p", {}, consequence),
      trouble,
      h(
        "div",
        { class: "row end" },
        cancelButton(() => dialog),
        go,
      ),
    );
  };
  return h("button", { class: "compact", on: { click: open } }, words);
}

export function part(title: string, ...content: (Node | string | null)[]): HTMLElement {
  return h("section", { class: "panel" }, h("div", { class: "item" }, h("h2", {}, title), ...content));
}

export function closeButton(
  connection: { id: string; name: string },
  context: Context,
  done: () => void,
): HTMLButtonElement {
  return asked(
    "Close for people",
    `Close ${connection.name} for people?`,
    "Nobody signs in through it any more, and everybody who came through it is signed out at once.",
    "Close it",
    context,
    async () => {
      await api("PATCH", connectionPath(connection.id), { state: "disabled" });
      done();
    },
  );
}
