/* Everybody in the organisation, and the buttons that end or give back their access. */

import { api } from "./api";
import { cancelButton, openDialog, type Dialog } from "./dialog";
import { busy, field, h } from "./dom";
import { count, ms } from "./format";
import { doneBox, showFailure, stateBadge, type Context, type Section } from "./section";
import { List } from "./table";
import type { Page, Revocation, User } from "./types";

export const people: Section = {
  title: "People",
  draw(place, context) {
    const outcome = h("div");
    const search = h("input", { attributes: { type: "search", autocomplete: "off", spellcheck: "false" } });
    const reload = (): void => {
      const filter = search.value.trim();
      void list.load(filter ? { filter } : {});
    };
    const list = new List<User>({
      path: "/api/v1/users",
      columns: ["Name", "State", "!Role", "!Managed by", ""],
      empty: "Nobody was found.",
      row: (user) => userRow(user, context, outcome, reload),
      signedOut: () => context.signedOut(),
    });
    let pause = 0;
    search.addEventListener("input", () => {
      window.clearTimeout(pause);
      pause = window.setTimeout(reload, 200);
    });
    place.append(
      field("Search people", search, "By the beginning of a name or an e-mail address."),
      outcome,
      list.element,
    );
    reload();
  },
};

function userRow(user: User, context: Context, outcome: HTMLElement, reload: () => void): HTMLElement {
  const isSelf = user.id === context.me.user.id;
  const name = user.display_name || user.user_name || "Without a name";
  const act = (kind: "deactivate" | "reactivate"): void =>
    ask(kind, user, name, isSelf, context, (words) => {
      outcome.replaceChildren(words);
      reload();
    });
  return h(
    "tr",
    { attributes: { "data-user": user.id } },
    h(
      "td",
      {},
      h("strong", {}, name),
      isSelf && " (you)",
      h("span", { class: "second" }, user.email || user.user_name || ""),
    ),
    h("td", {}, stateBadge(user.state)),
    h("td", { class: "roomy" }, (user.roles ?? []).join(", ")),
    h("td", { class: "roomy" }, user.directory_managed ? "Directory" : "Gatehouse"),
    h("td", { class: "act" }, action(user, name, act)),
  );
}

function action(
  user: User,
  name: string,
  act: (kind: "deactivate" | "reactivate") => void,
): HTMLElement | string {
  const kind = user.state === "active" || user.state === "invited" ? "deactivate" : "reactivate";
  if (user.state === "anonymised" || user.state === "erased") return "";
  const words = kind === "deactivate" ? "Deactivate" : "Reactivate";
  return h(
    "button",
    { class: "compact", on: { click: () => act(kind) } },
    words,
    h("span", { class: "unseen" }, ` ${name}`),
  );
}

function ask(
  kind: "deactivate" | "reactivate",
  user: User,
  name: string,
  isSelf: boolean,
  context: Context,
  finished: (words: HTMLElement) => void,
): void {
  const isOut = kind === "deactivate";
  const reason = h("textarea", { attributes: { rows: 2, maxlength: 200 } });
  const trouble = h("div");
  const go = h(
    "button",
    { class: isOut ? "danger" : "primary", attributes: { type: "submit" } },
    isOut ? "Withdraw access" : "Reactivate",
  );
  let dialog: Dialog;
  const run = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      const why = reason.value.trim();
      const answer = await api<{ revocation?: Revocation | null }>(
        "POST",
        `/api/v1/users/${encodeURIComponent(user.id)}/${kind}`,
        why ? { reason: why } : {},
      );
      const receipt = isOut && answer.revocation ? await completed(answer.revocation) : null;
      dialog.close();
      finished(
        isOut
          ? withdrawn(name, receipt)
          : doneBox(`${name} may sign in again. Old sessions and tokens stay dead.`),
      );
    } catch (failure) {
      if (isSelf && isOut) dialog.close();
      showFailure(trouble, context, failure);
    }
  };
  dialog = openDialog(
    isOut ? `Withdraw access of ${name}?` : `Reactivate ${name}?`,
    h(
      "p",
      {},
      isOut
        ? "Every session, token and open connection of this person ends at once. Messages stay."
        : "The person may sign in again. No old session or token comes back to life.",
    ),
    ...(isSelf && isOut
      ? [
          h(
            "p",
            { class: "alert" },
            "This is you. You will be signed out at once and cannot undo it yourself.",
          ),
        ]
      : []),
    h(
      "form",
      { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
      field("Reason", reason, "Optional. Kept in the audit log."),
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

/* The answer carries the receipt as it stood at the commit; its end is written beside the answer. */
async function completed(receipt: Revocation): Promise<Revocation> {
  for (let attempt = 0; attempt < 5 && receipt.duration_ms === null; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    try {
      const query = new URLSearchParams({ user: receipt.user ?? "", limit: "10" });
      const page = await api<Page<Revocation>>("GET", `/api/v1/revocations?${query}`);
      receipt = page.items.find((item) => item.id === receipt.id) ?? receipt;
    } catch {
      return receipt; /* access is withdrawn all the same; only the figures are missing */
    }
  }
  return receipt;
}

function withdrawn(name: string, receipt: Revocation | null): HTMLElement {
  if (!receipt || receipt.duration_ms === null) return doneBox(`Access of ${name} is withdrawn everywhere.`);
  const closed = [
    count(receipt.closed.sockets, "connection"),
    count(receipt.closed.sessions, "session"),
    count(receipt.closed.tokens, "token"),
  ].join(", ");
  return doneBox(
    `Access of ${name} is withdrawn everywhere in ${ms(receipt.duration_ms)}: ${closed} ended. `,
    h("a", { attributes: { href: "#receipts" } }, "See the receipt"),
  );
}
