/* Identity providers: connect one, check it, let people in through it. A SAML connection has a page
 * of its own (saml_page.ts). */

import { alertBox, api, isSignedOut, Problem } from "./api";
import { cancelButton, openDialog, type Dialog } from "./dialog";
import { busy, field, freshId, h, replace } from "./dom";
import { drawDomains } from "./domains";
import { area, closeButton, radio, select, text } from "./form";
import { samlForm } from "./saml_connect";
import { drawConnection } from "./saml_page";
import {
  connectionPath,
  doneBox,
  labelled,
  showFailure,
  stateBadge,
  type Context,
  type Section,
} from "./section";
import { List } from "./table";
import type { Connection, ConnectionTest } from "./types";

export const connections: Section = {
  title: "Connections",
  draw(place, context, item) {
    if (item) {
      void drawConnection(place, context, item);
      return;
    }
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
  if (connection.kind === "saml") return samlItem(connection);
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

function samlItem(connection: Connection): HTMLElement {
  const health = connection.health;
  return h(
    "article",
    { class: "item", attributes: { "data-connection": connection.id } },
    h(
      "div",
      { class: "item-head" },
      h(
        "div",
        {},
        h("h3", {}, h("a", { attributes: { href: `#connections/${connection.id}` } }, connection.name)),
        h("span", { class: "quiet small" }, "SAML 2.0"),
      ),
      h(
        "span",
        { class: "row" },
        health?.waits && h("span", { class: "badge warn" }, "a change waits for you"),
        health?.failure && h("span", { class: "badge bad" }, "metadata cannot be fetched"),
        stateBadge(connection.state),
      ),
    ),
  );
}

function buttons(
  connection: Connection,
  context: Context,
  outcome: HTMLElement,
  reload: () => void,
): HTMLElement {
  const path = connectionPath(connection.id);
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
  const shut = closeButton(connection, context, reload);
  return h("div", { class: "row" }, test, isOpen ? shut : enable);
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

function connect(context: Context, reload: () => void): void {
  const choice = freshId();
  const oidc = radio(choice, "oidc", "OpenID Connect", true);
  const saml = radio(choice, "saml", "SAML 2.0", false);
  const form = h("div");
  const show = (): void =>
    replace(
      form,
      saml.input.checked ? samlForm(context, () => dialog) : oidcForm(context, () => dialog, reload),
    );
  [oidc, saml].forEach((one) => one.input.addEventListener("change", show));
  const dialog: Dialog = openDialog(
    "Connect a provider",
    h("fieldset", {}, h("legend", {}, "Protocol"), oidc.element, saml.element),
    form,
  );
  show();
}

function oidcForm(context: Context, dialog: () => Dialog, reload: () => void): HTMLElement {
  const name = text({ required: true, maxlength: 120 });
  const issuer = text({ type: "url", required: true, placeholder: "https://login.example.com" });
  const clientId = text({ required: true });
  const secret = text({ type: "password", autocomplete: "new-password" });
  const auth = select(
    "client_secret_basic",
    ["client_secret_basic", "Secret, in the header (usual)"],
    ["client_secret_post", "Secret, in the form"],
    ["private_key_jwt", "Signed with our key"],
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
  const attribute = select(
    "external_id",
    ["external_id", "External id"],
    ["user_name", "User name"],
    ["email", "E-mail, on a proved domain"],
  );
  attribute.addEventListener("change", () => {
    if (attribute.value === "email")
      claim.value = "email"; /* the only claim whose truth the provider vouches for */
  });
  const domains = text({ placeholder: "example.com" });
  const authority = area(3);
  const trouble = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Connect");
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
      connected(dialog(), made);
      reload();
    } catch (failure) {
      showFailure(trouble, context, failure);
    }
  };
  return h(
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
    h("div", { class: "row end" }, cancelButton(dialog), go),
  );
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
