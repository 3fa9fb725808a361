/* Connecting a SAML provider: where its facts are, who may come; the rest stands on its page. */

import { api } from "./api";
import { cancelButton, type Dialog } from "./dialog";
import { busy, field, freshId, h, replace } from "./dom";
import { group, radio, select, text } from "./form";
import { PRESETS } from "./saml_presets";
import { showReason } from "./saml_reasons";
import { sourceFields } from "./saml_source";
import type { Context } from "./section";
import type { SamlConnection } from "./types";

export function hintList(preset: string): HTMLElement | null {
  const known = PRESETS[preset];
  if (!known) return null;
  return h(
    "div",
    { class: "note calm small" },
    h("p", {}, h("strong", {}, "Its metadata: "), known.where),
    h("ul", {}, ...known.hints.map((hint) => h("li", {}, hint))),
  );
}

export function presetField(chosen: string, hints: HTMLElement): HTMLElement {
  const pairs = Object.entries(PRESETS).map(([key, preset]): [string, string] => [key, preset.name]);
  const preset = select(chosen, ["", "Another one"], ...pairs);
  const show = (): void => replace(hints, hintList(preset.value));
  preset.addEventListener("change", show);
  show();
  return field("Which product", preset, "Shows what is particular about it; nothing else hangs on it.");
}

export function samlForm(context: Context, dialog: () => Dialog): HTMLElement {
  const name = text({ required: true, maxlength: 120 });
  const hints = h("div");
  const source = sourceFields();
  const choice = freshId();
  const match = radio(choice, "match", "Only people whom the directory or an administrator has added", true);
  const jit = radio(
    choice,
    "jit",
    "Everybody whom the provider lets in; accounts are made at the first sign-in",
    false,
  );
  const domains = text({ placeholder: "example.com" });
  const trouble = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Connect");
  const run = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      const made = await api<SamlConnection>("POST", "/api/v1/connections", {
        kind: "saml",
        name: name.value.trim(),
        provisioning: jit.input.checked ? "jit" : "match",
        ...source.value(),
        ...(domains.value.trim() && { domains: domains.value.trim().split(/[\s,]+/) }),
      });
      dialog().close();
      location.hash = `#connections/${made.id}`;
    } catch (failure) {
      showReason(trouble, context, failure);
    }
  };
  return h(
    "form",
    { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
    field("Name", name, "People see it on their sign-in button."),
    presetField("", hints),
    hints,
    source.element,
    group("Who may sign in", match.element, jit.element),
    field("Domains", domains, "E-mail domains that lead to this provider, once proved. Several with commas."),
    trouble,
    h("div", { class: "row end" }, cancelButton(dialog), go),
  );
}
