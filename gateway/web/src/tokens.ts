/* Tokens with which directories talk SCIM to us. The secret is on the screen once. */

import { api } from "./api";
import { cancelButton, openDialog, type Dialog } from "./dialog";
import { busy, field, h, replace } from "./dom";
import { dateOnly, dateTime } from "./format";
import { copyField, showFailure, type Context, type Section } from "./section";
import { List } from "./table";
import type { Token } from "./types";

export const tokens: Section = {
  title: "Tokens",
  draw(place, context) {
    const reload = (): void => void list.load();
    const list = new List<Token>({
      path: "/api/v1/tokens",
      columns: ["Name", "Kind", "!Made", "Expires", "!Last used", ""],
      empty: "No tokens yet. A directory needs one to tell Gatehouse who joins and who leaves.",
      row: (token) => tokenRow(token, context, reload),
      signedOut: () => context.signedOut(),
    });
    place.append(
      h(
        "div",
        { class: "title" },
        h("p", { class: "quiet grow" }, "Give your directory this address and a token of its own."),
        h("button", { class: "primary", on: { click: () => makeToken(context, reload) } }, "New SCIM token"),
      ),
      h(
        "div",
        { class: "field" },
        h("span", {}, "SCIM address"),
        copyField(`${location.origin}/scim/v2`, "SCIM address"),
      ),
      list.element,
    );
    reload();
  },
};

function tokenRow(token: Token, context: Context, reload: () => void): HTMLElement {
  const isOver = token.expires_at ? Date.parse(token.expires_at) < Date.now() : false;
  return h(
    "tr",
    { attributes: { "data-token": token.id } },
    h(
      "td",
      {},
      h("strong", {}, token.name),
      token.creator_left &&
        h(
          "span",
          { class: "second" },
          token.flagged_at
            ? "Who made it has left and may know it: replace it before it ends."
            : "Who made it has left and may know it: replace it.",
        ),
    ),
    h("td", {}, token.kind === "scim" ? "SCIM" : token.kind),
    h("td", { class: "roomy" }, dateOnly(token.created_at)),
    h("td", {}, isOver ? h("span", { class: "badge bad" }, "expired") : dateOnly(token.expires_at)),
    h("td", { class: "roomy" }, token.last_used_at ? dateTime(token.last_used_at) : "never"),
    h(
      "td",
      { class: "act" },
      h(
        "button",
        { class: "compact", on: { click: () => revoke(token, context, reload) } },
        "Revoke",
        h("span", { class: "unseen" }, ` ${token.name}`),
      ),
    ),
  );
}

function makeToken(context: Context, reload: () => void): void {
  const name = h("input", { attributes: { required: true, maxlength: 120, autocomplete: "off" } });
  const lasts = h(
    "select",
    {},
    h("option", { attributes: { value: "365d" } }, "One year"),
    h("option", { attributes: { value: "180d" } }, "Half a year"),
    h("option", { attributes: { value: "90d" } }, "90 days"),
    h("option", { attributes: { value: "30d" } }, "30 days"),
  );
  const trouble = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Make the token");
  let dialog: Dialog;
  const run = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      const made = await api<{ secret: string }>("POST", "/api/v1/tokens", {
        kind: "scim",
        name: name.value.trim(),
        expires_in: lasts.value,
      });
      showSecret(dialog, made.secret);
      reload();
    } catch (failure) {
      showFailure(trouble, context, failure);
    }
  };
  dialog = openDialog(
    "New SCIM token",
    h(
      "form",
      { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
      field("Name", name, "Which directory will use it."),
      field(
        "Lasts",
        lasts,
        "An expired token stops your directory from reporting leavers: replace it in time. Two may overlap.",
      ),
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

function showSecret(dialog: Dialog, secret: string): void {
  const heading = h(
    "h2",
    { id: dialog.element.getAttribute("aria-labelledby") ?? "", attributes: { tabindex: -1 } },
    "Your new token",
  );
  replace(
    dialog.body,
    heading,
    h("p", {}, "Copy it now: it is not kept and cannot be shown again."),
    copyField(secret, "Token"),
    h(
      "div",
      { class: "row end" },
      h("button", { class: "primary", on: { click: () => dialog.close() } }, "I have copied it"),
    ),
  );
  heading.focus();
}

function revoke(token: Token, context: Context, reload: () => void): void {
  const trouble = h("div");
  let dialog: Dialog;
  const go = h("button", { class: "danger", attributes: { type: "button" } }, "Revoke");
  go.addEventListener(
    "click",
    () =>
      void busy(go, async () => {
        try {
          await api("DELETE", `/api/v1/tokens/${encodeURIComponent(token.id)}`);
          dialog.close();
          reload();
        } catch (failure) {
          showFailure(trouble, context, failure);
        }
      }),
  );
  dialog = openDialog(
    `Revoke ${token.name}?`,
    h(
      "p",
      {},
      "Whoever uses this token is refused from now on. A directory that uses it can no longer report leavers.",
    ),
    trouble,
    h(
      "div",
      { class: "row end" },
      cancelButton(() => dialog),
      go,
    ),
  );
}
