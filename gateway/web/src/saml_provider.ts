/* What a SAML provider says of itself, how fresh that is, and what waits to be accepted. */

import { api } from "./api";
import { cancelButton, openDialog, type Dialog } from "./dialog";
import { busy, h, replace } from "./dom";
import { dateOnly, dateTime } from "./format";
import { button, part } from "./form";
import { explain, showReason } from "./saml_reasons";
import { sourceFields } from "./saml_source";
import { connectionPath, type Context } from "./section";
import type { Provider, ProviderCertificate, ProviderEndpoint, ProviderFacts, SamlConnection } from "./types";

const DAY_MS = 86_400_000;

export function drawProvider(connection: SamlConnection, context: Context, again: () => void): HTMLElement {
  const body = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Loading…"));
  const path = `${connectionPath(connection.id)}/provider`;
  const show = (provider: Provider): void =>
    replace(body, ...contents(provider, connection, context, show, again));
  void api<Provider>("GET", path).then(show, (failure: unknown) => showReason(body, context, failure));
  return part("The provider", body);
}

function contents(
  provider: Provider,
  connection: SamlConnection,
  context: Context,
  show: (provider: Provider) => void,
  again: () => void,
): HTMLElement[] {
  const outcome = h("div");
  const path = `${connectionPath(connection.id)}/provider`;
  const refresh = button("Fetch it now", "", context, outcome, async () =>
    show(await api<Provider>("POST", `${path}/refresh`)),
  );
  const change = h(
    "button",
    { class: "compact", on: { click: () => giveAnew(connection, context, again) } },
    "Give other metadata",
  );
  const parts = [
    provider.failure ? trouble(provider.failure) : null,
    provider.pending ? waiting(provider, provider.pending, path, context, show) : null,
    facts(provider),
    h("p", { class: "quiet small" }, freshness(provider)),
    outcome,
    h("div", { class: "row" }, provider.origin === "url" && refresh, change),
  ];
  return parts.filter((element) => element !== null);
}

function trouble(code: string): HTMLElement {
  const [what, next] = explain(code);
  return h(
    "div",
    { class: "alert" },
    "The last fetch of its metadata failed; what was known before still counts. ",
    `${what} ${next}`,
    h("span", { class: "small mono" }, code),
  );
}

function freshness(provider: Provider): string {
  if (provider.origin === "upload")
    return "From a file: when its certificate changes, give the new metadata here.";
  if (provider.origin === "manual") return "Typed in: when its certificate changes, give the new one here.";
  return `Fetched from ${provider.url ?? ""}, last ${dateTime(provider.good_at)}, next ${dateTime(provider.next_at)}. New certificates are taken over by themselves.`;
}

function facts(provider: Provider): HTMLElement {
  return h(
    "dl",
    { class: "facts long" },
    ...row("Entity ID", [provider.entity_id]),
    ...row("Sign-on", provider.sign_on.map(endpoint)),
    ...row(
      "Logout",
      provider.logout.length > 0 ? provider.logout.map(endpoint) : ["none: people stay signed in there"],
    ),
    ...row("Certificates", provider.certificates.map(certificate)),
    ...(provider.unreadable_certificates > 0
      ? row("Left out", [`${provider.unreadable_certificates} that cannot be used`])
      : []),
    ...(provider.valid_until ? row("Metadata ends", [dateOnly(provider.valid_until)]) : []),
  );
}

export function row(name: string, values: (Node | string)[]): HTMLElement[] {
  return [h("dt", {}, name), h("dd", {}, ...values.map((value) => h("span", { class: "block" }, value)))];
}

function endpoint(one: ProviderEndpoint): HTMLElement {
  return h("span", {}, h("code", {}, one.location), h("span", { class: "quiet" }, ` ${one.binding}`));
}

function certificate(one: ProviderCertificate): HTMLElement {
  return h("span", {}, h("code", {}, shortPrint(one.fingerprint)), " ", expiry(one.expires_at));
}

export function shortPrint(fingerprint: string): string {
  return `${(fingerprint.slice(0, 16).match(/../g) ?? []).join(":")}…`;
}

/* A provider's certificate counts past its end, but where it ends a new one is on its way. */
export function expiry(at: string | null): HTMLElement {
  const days = at ? Math.floor((Date.parse(at) - Date.now()) / DAY_MS) : Infinity;
  if (days < 0) return h("span", { class: "badge bad" }, `ended ${dateOnly(at)}`);
  if (days <= 30)
    return h("span", { class: "badge warn" }, days <= 1 ? "ends tomorrow" : `ends in ${days} days`);
  return h("span", { class: "quiet" }, `until ${dateOnly(at)}`);
}

const CHANGES: Record<string, string> = {
  entity_id: "its entity ID",
  endpoints: "its addresses",
  certificates: "its certificates",
};

function waiting(
  provider: Provider,
  pending: NonNullable<Provider["pending"]>,
  path: string,
  context: Context,
  show: (provider: Provider) => void,
): HTMLElement {
  const outcome = h("div");
  const names = pending.changes.map((change) => CHANGES[change] ?? change).join(", ");
  const accept = button("Accept what it says now", "primary", context, outcome, async () => {
    try {
      show(await api<Provider>("POST", `${path}/accept`, { hash: pending.hash }));
    } catch (failure) {
      showReason(outcome, context, failure);
    }
  });
  return h(
    "div",
    { class: "note stack", attributes: { role: "group", "aria-label": "A change waits" } },
    h(
      "p",
      {},
      h("strong", {}, `The provider has changed ${names}. `),
      "Until you accept it, sign-ins go on with what was known. Ask the provider's administrator when you did not expect this.",
    ),
    h(
      "dl",
      { class: "facts long" },
      ...difference("Entity ID", provider, pending, (side) => [side.entity_id]),
      ...difference("Sign-on", provider, pending, (side) =>
        side.sign_on.map((one) => `${one.location} (${one.binding})`),
      ),
      ...difference("Logout", provider, pending, (side) =>
        side.logout.map((one) => `${one.location} (${one.binding})`),
      ),
      ...difference("Certificates", provider, pending, (side) =>
        side.certificates.map((one) => `${shortPrint(one.fingerprint)} until ${dateOnly(one.expires_at)}`),
      ),
    ),
    outcome,
    h("div", {}, accept),
  );
}

function difference(
  name: string,
  now: ProviderFacts,
  then: ProviderFacts,
  values: (side: ProviderFacts) => string[],
): HTMLElement[] {
  const before = values(now);
  const after = values(then);
  if (before.join("\n") === after.join("\n")) return [];
  const gone = before.filter((value) => !after.includes(value));
  const added = after.filter((value) => !before.includes(value));
  return row(name, [
    ...gone.map((value) => h("del", {}, h("span", { class: "unseen" }, "Gone: "), value)),
    ...added.map((value) => h("ins", {}, h("span", { class: "unseen" }, "New: "), value)),
  ]);
}

function giveAnew(connection: SamlConnection, context: Context, again: () => void): void {
  const source = sourceFields(connection);
  const outcome = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Use it");
  let dialog: Dialog;
  const run = async (): Promise<void> => {
    outcome.replaceChildren();
    try {
      await api("PATCH", connectionPath(connection.id), source.value());
      dialog.close();
      again();
    } catch (failure) {
      showReason(outcome, context, failure);
    }
  };
  dialog = openDialog(
    "Other metadata",
    h("p", {}, "It counts at once. Whoever is signed in stays so."),
    h(
      "form",
      { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
      source.element,
      outcome,
      h(
        "div",
        { class: "row end" },
        cancelButton(() => dialog),
        go,
      ),
    ),
  );
}
