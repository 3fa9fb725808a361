/* Identity providers: connect one over OpenID Connect, check it, let people in through it. */

import { alertBox, api, isSignedOut, Problem } from "./api";
import { cancelButton, openDialog, type Dialog } from "./dialog";
import { busy, field, freshId, h, replace } from "./dom";
import { drawDomains } from "./domains";
import { copyField, doneBox, showFailure, stateBadge, type Context, type Section } from "./section";
import { List } from "./table";
import type { Connection, ConnectionTest } from "./types";

export const connections: Section = {
  title: "Connections",
  draw(place, context) {
    const reload = (): void => void list.load();
    const list = new List<Connection>({
      path: "/api/v1/connections",
      empty:
        "No connections yet. Connect your identity provider so that people sign in where they always do.",
      row: (connection) => connectionItem(connection, context, reload),
      signedOut: () => context.signedOut(),
    });
    place.append(
      h(
        "div",
        { class: "title" },
        h(
          "p",
          { class: "quiet grow" },
          "Where people prove who they are, and which directories report who has left.",
        ),
        h(
          "button",
          { class: "primary", on: { click: () => connect(context, reload) } },
          "Connect a provider",
        ),
      ),
      list.element,
    );
    reload();
    drawDomains(place, context);
  },
};

function connectionItem(connection: Connection, context: Context, reload: () => void): HTMLElement {
  const outcome = h("div");
  const isProvider = connection.kind === "oidc";
  return h(
    "article",
    { class: "item", attributes: { "data-connection": connection.id } },
    h(
      "div",
      { class: "item-head" },
      h(
        "div",
        {},
        h("h3", {}, connection.name),
        h(
          "span",
          { class: "quiet small" },
          isProvider ? `OpenID Connect, ${connection.issuer ?? ""}` : "SCIM directory",
        ),
      ),
      stateBadge(connection.state),
    ),
    connection.redirect_uri && labelled("Redirect address", connection.redirect_uri),
    connection.client_auth === "private_key_jwt" &&
      connection.jwks_uri &&
      labelled("Our public keys", connection.jwks_uri),
    outcome,
    isProvider && buttons(connection, context, outcome, reload),
  );
}

function labelled(label: string, value: string): HTMLElement {
  return h("div", { class: "field" }, h("span", { class: "hint" }, label), copyField(value, label));
}

function buttons(
  connection: Connection,
  context: Context,
  outcome: HTMLElement,
  reload: () => void,
): HTMLElement {
  const path = `/api/v1/connections/${encodeURIComponent(connection.id)}`;
  const test = h("button", { class: "compact" }, "Check it");
  test.addEventListener(
    "click",
    () =>
      void busy(test, async () => {
        try {
          replace(outcome, testResult(await api<ConnectionTest>("POST", `${path}/test`)));
        } catch (failure) {
          showFailure(outcome, context, failure);
        }
      }),
  );
  const enable = h("button", { class: "compact primary" }, "Let people in");
  enable.addEventListener("click", () => void busy(enable, () => enableIt(path, context, outcome, reload)));
  const isOpen = connection.state === "enabled";
  const shut = h(
    "button",
    { class: "compact", on: { click: () => close(connection, path, context, reload) } },
    "Close for people",
  );
  return h("div", { class: "row" }, test, isOpen ? shut : enable);
}

function close(connection: Connection, path: string, context: Context, reload: () => void): void {
  const trouble = h("div");
  const go = h("button", { class: "danger", attributes: { type: "button" } }, "Close it");
  const dialog = openDialog(
    `Close ${connection.name} for people?`,
    h(
      "p",
      {},
      "Nobody signs in through it any more, and everybody who came through it is signed out at once.",
    ),
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
          await api("PATCH", path, { state: "disabled" });
          dialog.close();
          reload();
        } catch (failure) {
          showFailure(trouble, context, failure);
        }
      }),
  );
}

function testResult(result: ConnectionTest): HTMLElement {
  if (result.ok) return doneBox("The provider answers and its keys can be read.");
  const failed = result.checks
    .filter((check) => !check.ok)
    .map((check) => h("li", {}, check.check, check.code ? h("code", {}, ` ${check.code}`) : null));
  return h(
    "div",
    { class: "alert", attributes: { role: "alert" } },
    "The provider cannot be used yet:",
    h("ul", {}, ...failed),
  );
}

async function enableIt(
  path: string,
  context: Context,
  outcome: HTMLElement,
  reload: () => void,
): Promise<void> {
  try {
    await api("POST", `${path}/enable`, {});
    reload();
  } catch (failure) {
    if (isSignedOut(failure) || !(failure instanceof Problem) || failure.status !== 409) {
      showFailure(outcome, context, failure);
      return;
    }
    const anyway = h("button", { class: "compact" }, "Let people in without a test");
    anyway.addEventListener(
      "click",
      () =>
        void busy(anyway, async () => {
          try {
            await api("POST", `${path}/enable`, { untested: true });
            reload();
          } catch (again) {
            showFailure(outcome, context, again);
          }
        }),
    );
    replace(
      outcome,
      h("div", { class: "stack" }, alertBox(failure, "Not tested yet."), h("div", {}, anyway)),
    );
  }
}

function options(...pairs: [string, string][]): HTMLElement[] {
  return pairs.map(([value, words]) => h("option", { attributes: { value } }, words));
}

function text(attributes: Record<string, string | number | boolean> = {}): HTMLInputElement {
  return h("input", { attributes: { autocomplete: "off", spellcheck: "false", ...attributes } });
}

function connect(context: Context, reload: () => void): void {
  const name = text({ required: true, maxlength: 120 });
  const issuer = text({ type: "url", required: true, placeholder: "https://login.example.com" });
  const clientId = text({ required: true });
  const secret = text({ type: "password", autocomplete: "new-password" });
  const auth = h(
    "select",
    {},
    ...options(
      ["client_secret_basic", "Secret, in the header (usual)"],
      ["client_secret_post", "Secret, in the form"],
      ["private_key_jwt", "Signed with our key"],
    ),
  );
  const secretField = field("Client secret", secret);
  auth.addEventListener("change", () => (secretField.hidden = auth.value === "private_key_jwt"));
  const group = freshId();
  const match = radio(group, "match", "Only people whom the directory or an administrator has added", true);
  const jit = radio(
    group,
    "jit",
    "Everybody whom the provider lets in; accounts are made at the first sign-in",
    false,
  );
  const claim = text({ value: "sub", required: true });
  const attribute = h(
    "select",
    {},
    ...options(
      ["external_id", "External id"],
      ["user_name", "User name"],
      ["email", "E-mail, on a proved domain"],
    ),
  );
  attribute.addEventListener("change", () => {
    if (attribute.value === "email")
      claim.value = "email"; /* the only claim whose truth the provider vouches for */
  });
  const domains = text({ placeholder: "example.com" });
  const authority = h("textarea", { attributes: { rows: 3, spellcheck: "false" } });
  const trouble = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Connect");
  let dialog: Dialog;
  const run = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      const made = await api<Connection>("POST", "/api/v1/connections", {
        kind: "oidc",
        name: name.value.trim(),
        issuer: issuer.value.trim(),
        client_id: clientId.value.trim(),
        client_auth: auth.value,
        ...(auth.value !== "private_key_jwt" && { client_secret: secret.value }),
        provisioning: jit.input.checked ? "jit" : "match",
        match: { claim: claim.value.trim(), attribute: attribute.value },
        ...(domains.value.trim() && { domains: domains.value.trim().split(/[\s,]+/) }),
        ...(authority.value.trim() && { ca_pem: authority.value }),
      });
      connected(dialog, made);
      reload();
    } catch (failure) {
      showFailure(trouble, context, failure);
    }
  };
  dialog = openDialog(
    "Connect a provider",
    h(
      "form",
      { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
      field("Name", name, "People see it on their sign-in button."),
      field("Issuer", issuer, "The provider's address, exactly as it names itself."),
      field("Client id", clientId),
      field("How we prove who we are", auth),
      secretField,
      h("fieldset", {}, h("legend", {}, "Who may sign in"), match.element, jit.element),
      h(
        "details",
        {},
        h("summary", {}, "More settings"),
        h(
          "div",
          { class: "stack" },
          field("Claim that names the person", claim),
          field("Compared with", attribute),
          field(
            "Domains",
            domains,
            "E-mail domains that lead to this provider, once proved. Several with commas.",
          ),
          field(
            "Certificate authority (PEM)",
            authority,
            "Only when the provider's certificate comes from a private authority.",
          ),
        ),
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

function radio(
  name: string,
  value: string,
  words: string,
  checked: boolean,
): { element: HTMLElement; input: HTMLInputElement } {
  const input = h("input", { attributes: { type: "radio", name, value, checked } });
  return { input, element: h("label", { class: "choice" }, input, words) };
}

function connected(dialog: Dialog, connection: Connection): void {
  const heading = h(
    "h2",
    { id: dialog.element.getAttribute("aria-labelledby") ?? "", attributes: { tabindex: -1 } },
    "One more step",
  );
  const lines = [
    connection.redirect_uri && labelled("Redirect address", connection.redirect_uri),
    connection.logout_redirect_uri && labelled("Address after signing out", connection.logout_redirect_uri),
    connection.client_auth === "private_key_jwt" &&
      connection.jwks_uri &&
      labelled("Our public keys", connection.jwks_uri),
  ];
  replace(
    dialog.body,
    heading,
    h("p", {}, "Enter this at your provider. Then check the connection and let people in."),
    ...lines,
    h(
      "div",
      { class: "row end" },
      h("button", { class: "primary", on: { click: () => dialog.close() } }, "Done"),
    ),
  );
  heading.focus();
}
