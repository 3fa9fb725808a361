/* Our own keys: a new one is published, the provider learns it, we switch, the old one goes. */

import { api } from "./api";
import { h, replace } from "./dom";
import { asked, button, part } from "./form";
import { expiry, shortPrint } from "./saml_provider";
import { showReason } from "./saml_reasons";
import { connectionPath, copyField, type Context } from "./section";
import type { ConnectionKey, Page, SamlConnection } from "./types";

type Use = ConnectionKey["use"];

const TITLES: Record<Use, string> = {
  signing: "Signs what we send",
  encryption: "Opens what the provider encrypts",
};

const STATES: Record<ConnectionKey["state"], [string, string]> = {
  published: ["warn", "published, not used yet"],
  active: ["good", "in use"],
  retiring: ["", "retiring"],
};

export function drawKeys(connection: SamlConnection, context: Context): HTMLElement {
  const body = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Loading…"));
  const path = `${connectionPath(connection.id)}/keys`;
  const uses: Use[] = connection.encryption ? ["signing", "encryption"] : ["signing"];
  const load = async (): Promise<void> => {
    try {
      const { items } = await api<Page<ConnectionKey>>("GET", path);
      replace(body, ...uses.map((use) => ofUse(use, items, path, context, load)));
    } catch (failure) {
      showReason(body, context, failure);
    }
  };
  void load();
  return part(
    "Our keys",
    h(
      "p",
      { class: "quiet small" },
      "A key is replaced in four steps, without anybody noticing: publish a new one, let the provider read it, switch, drop the old one. You can go back until the last step.",
    ),
    body,
  );
}

function ofUse(
  use: Use,
  all: ConnectionKey[],
  path: string,
  context: Context,
  load: () => Promise<void>,
): HTMLElement {
  const keys = all.filter((key) => key.use === use);
  const outcome = h("div");
  return h(
    "div",
    { class: "stack", attributes: { "data-use": use } },
    h("h3", {}, TITLES[use]),
    h("ul", { class: "plain stack" }, ...keys.map(keyItem)),
    h("p", { class: "small" }, advice(use, keys)),
    outcome,
    h("div", { class: "row" }, ...steps(use, keys, path, context, outcome, load)),
  );
}

function keyItem(key: ConnectionKey): HTMLElement {
  const [kind, words] = STATES[key.state];
  return h(
    "li",
    { class: "small", attributes: { "data-key": key.id } },
    h("span", { class: `badge ${kind}` }, words),
    " ",
    h("code", {}, shortPrint(key.fingerprint)),
    " ",
    expiry(key.expires_at),
    h(
      "details",
      { class: "small" },
      h("summary", {}, "Certificate"),
      copyField(key.certificate, `Certificate, ${words}`),
    ),
  );
}

function other(keys: ConnectionKey[]): ConnectionKey | undefined {
  return keys.find((key) => key.state !== "active");
}

function advice(use: Use, keys: ConnectionKey[]): string {
  const second = other(keys);
  if (!second) return "Step 1: publish a new key some weeks before this one ends.";
  if (second.state === "published")
    return use === "signing"
      ? "Step 2: let the provider read our metadata again, or give it the new certificate. Step 3: when it has it, switch."
      : "Step 2: let the provider read our metadata again, or give it the new certificate. Both keys open already. Step 3: switch, so that only the new one is published.";
  return "Step 4: when sign-ins work with the new key, drop the old one. Until then you can go back.";
}

function steps(
  use: Use,
  keys: ConnectionKey[],
  path: string,
  context: Context,
  outcome: HTMLElement,
  load: () => Promise<void>,
): HTMLElement[] {
  const second = other(keys);
  if (!second) {
    const publish = button("Publish a new key", "", context, outcome, async () => {
      await api("POST", path, { use });
      await load();
    });
    return [publish];
  }
  const isNew = second.state === "published";
  const words = isNew ? "Switch to the new key" : "Go back to the old key";
  const switchKey = button(words, isNew ? "primary" : "", context, outcome, async () => {
    await api("POST", `${path}/${encodeURIComponent(second.id)}/activate`, {});
    await load();
  });
  const drop = asked(
    isNew ? "Drop the new key" : "Drop the old key",
    isNew ? "Drop the new key?" : "Drop the old key?",
    isNew
      ? "It is taken out of our metadata and nothing else changes."
      : "What is signed or encrypted with it can no longer be checked or opened.",
    "Drop it",
    context,
    async () => {
      await api("DELETE", `${path}/${encodeURIComponent(second.id)}`);
      await load();
    },
  );
  return [switchKey, drop];
}
