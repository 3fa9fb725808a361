/* What every part of the console gets and gives. */

import { alertBox, isSignedOut } from "./api";
import { h, replace } from "./dom";
import type { SignedIn } from "./types";

export interface Context {
  me: SignedIn;
  signedOut(): void;
}

export interface Section {
  title: string;
  draw(place: HTMLElement, context: Context, item: string): void;
}

/* Shows a failure, or the notice when there is no session any more. */
export function showFailure(place: HTMLElement, context: Context, failure: unknown, lead = ""): void {
  if (isSignedOut(failure)) context.signedOut();
  else replace(place, alertBox(failure, lead));
}

export function connectionPath(id: string): string {
  return `/api/v1/connections/${encodeURIComponent(id)}`;
}

export function doneBox(...words: (Node | string)[]): HTMLElement {
  return h("div", { class: "done", attributes: { role: "status" } }, ...words);
}

export function stateBadge(state: string): HTMLElement {
  const kinds: Record<string, string> = {
    active: "good",
    enabled: "good",
    proved: "good",
    deactivated: "bad",
    suspended: "bad",
    disabled: "bad",
    invited: "warn",
    tested: "warn",
    pending: "warn",
    new: "warn",
  };
  return h("span", { class: `badge ${kinds[state] ?? ""}` }, state);
}

export function labelled(label: string, value: string): HTMLElement {
  return h("div", { class: "field" }, h("span", { class: "hint" }, label), copyField(value, label));
}

/* A value to be carried elsewhere, with a button that copies it. */
export function copyField(value: string, label: string): HTMLElement {
  const input = h("input", {
    attributes: { readonly: true, "aria-label": label, spellcheck: "false" },
    on: { focus: () => input.select() },
  });
  input.value = value;
  const words = h("span", { attributes: { "aria-live": "polite" } }, "Copy");
  const button = h(
    "button",
    { attributes: { type: "button" } },
    words,
    h("span", { class: "unseen" }, ` ${label}`),
  );
  button.addEventListener("click", () => {
    void navigator.clipboard.writeText(value).then(
      () => (words.textContent = "Copied"),
      () => input.select(),
    );
  });
  return h("div", { class: "secret" }, input, button);
}
