/* Domains that lead people's e-mail addresses to a provider, once a DNS record has proved them. */

import { api } from "./api";
import { cancelButton, openDialog, type Dialog } from "./dialog";
import { busy, field, h } from "./dom";
import { labelled, showFailure, stateBadge, type Context } from "./section";
import { List } from "./table";
import type { Domain } from "./types";

export function drawDomains(place: HTMLElement, context: Context): void {
  const reload = (): void => void list.load();
  const list = new List<Domain>({
    path: "/api/v1/domains",
    empty: "No domains yet. With a proved domain people find their provider by their e-mail address.",
    row: (domain) => domainItem(domain, context, reload),
    signedOut: () => context.signedOut(),
  });
  place.append(
    h(
      "div",
      { class: "title" },
      h("h2", {}, "Domains"),
      h("button", { on: { click: () => addDomain(context, reload) } }, "Add a domain"),
    ),
    list.element,
  );
  reload();
}

function domainItem(domain: Domain, context: Context, reload: () => void): HTMLElement {
  const outcome = h("div");
  const path = `/api/v1/domains/${encodeURIComponent(domain.id)}`;
  const isPending = domain.state === "pending";
  const look = h(
    "button",
    { class: "compact primary" },
    "Look for the record",
    h("span", { class: "unseen" }, ` of ${domain.domain}`),
  );
  look.addEventListener(
    "click",
    () =>
      void busy(look, async () => {
        try {
          const now = await api<Domain>("POST", `${path}/verify`);
          if (now.state === "proved") reload();
          else
            outcome.replaceChildren(
              h(
                "div",
                { class: "alert", attributes: { role: "alert" } },
                "The record is not there yet. It can take an hour until it is seen everywhere.",
              ),
            );
        } catch (failure) {
          showFailure(outcome, context, failure);
        }
      }),
  );
  const remove = h(
    "button",
    { class: "compact", on: { click: () => giveUp(domain, path, context, reload) } },
    "Remove",
    h("span", { class: "unseen" }, ` ${domain.domain}`),
  );
  return h(
    "article",
    { class: "item", attributes: { "data-domain": domain.domain } },
    h("div", { class: "item-head" }, h("h3", {}, domain.domain), stateBadge(domain.state)),
    isPending && h("p", { class: "quiet small" }, "Add this TXT record to your DNS, then look for it here."),
    isPending && domain.txt_name && labelled("Name of the record", domain.txt_name),
    isPending && domain.txt_value && labelled("Text of the record", domain.txt_value),
    outcome,
    h("div", { class: "row" }, isPending && look, remove),
  );
}

function addDomain(context: Context, reload: () => void): void {
  const name = h("input", {
    attributes: {
      required: true,
      maxlength: 253,
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      placeholder: "example.com",
    },
  });
  const trouble = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Add");
  let dialog: Dialog;
  const run = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      await api<Domain>("POST", "/api/v1/domains", { domain: name.value.trim() });
      dialog.close();
      reload();
    } catch (failure) {
      showFailure(trouble, context, failure);
    }
  };
  dialog = openDialog(
    "Add a domain",
    h(
      "form",
      { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
      field("Domain", name, "The part behind the @ of your people's addresses."),
      trouble,
      h(
        "div",
        { class: "row end" },
        cancelButton(() => dialog),
        go,
      ),
    ),
  );
}

function giveUp(domain: Domain, path: string, context: Context, reload: () => void): void {
  const trouble = h("div");
  const go = h("button", { class: "danger", attributes: { type: "button" } }, "Remove");
  const dialog = openDialog(
    `Remove ${domain.domain}?`,
    h("p", {}, "Addresses of this domain no longer lead to a provider. Nobody is signed out."),
    trouble,
    h(
      "div",
      { class: "row end" },
      cancelButton(() => dialog),
      go,
    ),
  );
  go.addEventListener(
    "click",
    () =>
      void busy(go, async () => {
        try {
          await api("DELETE", path);
          dialog.close();
          reload();
        } catch (failure) {
          showFailure(trouble, context, failure);
        }
      }),
  );
}
