/* The settings of a SAML connection, each with what it means. */

import { api } from "./api";
import { busy, field, freshId, h, replace } from "./dom";
import { area, check, group, part, radio, select, text } from "./form";
import { showReason } from "./saml_reasons";
import { connectionPath, type Context } from "./section";
import type { SamlConnection, SamlSettings } from "./types";

interface Fields {
  element: HTMLElement;
  value(): Partial<SamlSettings>;
}

const FORMATS: [string, string][] = [
  ["", "Whatever the provider sends"],
  ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "Persistent"],
  ["urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "E-mail address"],
  ["urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "Unspecified"],
  [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "Transient (needs an attribute that names the person)",
  ],
];

export function drawSettings(connection: SamlConnection, context: Context, again: () => void): HTMLElement {
  const parts = [
    people(connection),
    attributes(connection),
    roles(connection),
    signIn(connection),
    trust(connection),
  ];
  const outcome = h("div");
  const go = h("button", { class: "primary", attributes: { type: "submit" } }, "Save");
  const run = async (): Promise<void> => {
    outcome.replaceChildren();
    const changes = Object.assign({}, ...parts.map((one) => one.value())) as Partial<SamlSettings>;
    try {
      await api("PATCH", connectionPath(connection.id), changes);
      again();
    } catch (failure) {
      showReason(outcome, context, failure);
    }
  };
  return part(
    "Settings",
    h(
      "details",
      {},
      h("summary", {}, "Show and change"),
      h(
        "form",
        { class: "stack wide-gap", on: { submit: (event) => (event.preventDefault(), void busy(go, run)) } },
        ...parts.map((one) => one.element),
        h(
          "p",
          { class: "quiet small" },
          "After a change the test sign-in has to be made again; a connection that is open stays open.",
        ),
        outcome,
        h("div", { class: "row end" }, go),
      ),
    ),
  );
}

function people(connection: SamlConnection): Fields {
  const name = text({ required: true, maxlength: 120, value: connection.name });
  const choice = freshId();
  const isJit = connection.provisioning === "jit";
  const match = radio(
    choice,
    "match",
    "Only people whom the directory or an administrator has added",
    !isJit,
  );
  const jit = radio(
    choice,
    "jit",
    "Everybody whom the provider lets in; accounts are made at the first sign-in",
    isJit,
  );
  const claim = text({ value: connection.match?.claim ?? "" });
  const attribute = select(
    connection.match?.attribute ?? "user_name",
    ["user_name", "User name"],
    ["external_id", "External id"],
    ["email", "E-mail, on a proved domain"],
  );
  attribute.addEventListener("change", () => {
    if (attribute.value === "email") claim.value = "email"; /* the only claim that may be compared with it */
  });
  const trusted = check(
    "The provider verifies e-mail addresses",
    connection.email_trusted,
    "Only then, and only on proved domains, people are found by their address.",
  );
  return {
    element: group(
      "People",
      field("Name of the connection", name, "On the sign-in button."),
      h("div", {}, match.element, jit.element),
      field(
        "What finds an account at the first sign-in",
        claim,
        "name_id, user_name, email, or the name of an attribute. Empty: accounts that exist are not linked.",
      ),
      field("Compared with", attribute),
      trusted.element,
    ),
    value: () => ({
      name: name.value.trim(),
      provisioning: jit.input.checked ? "jit" : "match",
      match: claim.value.trim() ? { claim: claim.value.trim(), attribute: attribute.value } : null,
      email_trusted: trusted.input.checked,
    }),
  };
}

function attributes(connection: SamlConnection): Fields {
  const usual = "Empty: the usual names.";
  const userName = text({ maxlength: 256, value: connection.attributes.user_name });
  const email = text({ maxlength: 256, value: connection.attributes.email });
  const displayName = text({ maxlength: 256, value: connection.attributes.display_name });
  const groups = text({ maxlength: 256, value: connection.attributes.groups });
  const subject = text({ maxlength: 256, value: connection.subject_attribute });
  return {
    element: group(
      "Attributes",
      field("User name", userName, usual),
      field("E-mail address", email, usual),
      field("Display name", displayName, usual),
      field("Groups", groups, usual),
      field(
        "Who somebody is",
        subject,
        "An attribute that never changes and is never given to somebody else, such as pairwise-id. Empty: the NameID. A change makes everybody a newcomer.",
      ),
    ),
    value: () => ({
      attributes: {
        user_name: userName.value.trim(),
        email: email.value.trim(),
        display_name: displayName.value.trim(),
        groups: groups.value.trim(),
      },
      subject_attribute: subject.value.trim(),
    }),
  };
}

interface RoleRow {
  element: HTMLElement;
  group: HTMLInputElement;
  role: HTMLSelectElement;
}

function roles(connection: SamlConnection): Fields {
  const place = h("div", { class: "stack tight" });
  const rows = new Set<RoleRow>();
  const add = (name: string, role: string): RoleRow => {
    const made = {
      group: text({ maxlength: 256, required: true, value: name, "aria-label": "Group" }),
      role: select(role, ["admin", "Administrator"], ["member", "Member"], ["guest", "Guest"]),
    };
    made.role.setAttribute("aria-label", "Role");
    const drop = h("button", { attributes: { type: "button" } }, "Remove");
    const row: RoleRow = { ...made, element: h("div", { class: "pair" }, made.group, made.role, drop) };
    drop.addEventListener("click", () => (rows.delete(row), row.element.remove(), more.focus()));
    rows.add(row);
    place.append(row.element);
    return row;
  };
  const more = h(
    "button",
    {
      class: "compact",
      attributes: { type: "button" },
      on: { click: () => add("", "member").group.focus() },
    },
    "Add a group",
  );
  connection.roles.forEach((rule) => add(rule.group, rule.role));
  return {
    element: group(
      "Role by group",
      h(
        "p",
        { class: "hint" },
        "Decided anew at each sign-in. The highest role counts; whoever is in none of these groups is at most a member. Without any line, groups decide nothing. Nobody becomes creator.",
      ),
      place,
      h("div", {}, more),
    ),
    value: () => ({
      roles: [...rows].map((row) => ({ group: row.group.value.trim(), role: row.role.value })),
    }),
  };
}

function signIn(connection: SamlConnection): Fields {
  const portal = check(
    "Allow sign-in from the provider's portal",
    connection.idp_initiated === "convert",
    "An answer that nobody asked for is not believed; it starts a sign-in of our own, so that nobody can be signed in to a stranger's account.",
  );
  const force = check(
    "Ask for credentials each time",
    connection.force_authn,
    "People type their password even if they are signed in at the provider (ForceAuthn).",
  );
  const signs = check(
    "Sign our requests",
    connection.sign_requests,
    "Switch it off only for a provider that cannot check them.",
  );
  const format = select(connection.name_id_format, ...FORMATS);
  if (format.value !== connection.name_id_format) {
    format.append(
      h("option", { attributes: { value: connection.name_id_format } }, connection.name_id_format),
    );
    format.value = connection.name_id_format;
  }
  const contexts = area(2, connection.authn_contexts.join("\n"));
  return {
    element: group(
      "Sign-in",
      h("div", {}, portal.element, force.element, signs.element),
      field("Format of names to ask for", format),
      field(
        "Ways of signing in",
        contexts,
        "One class per line; each sign-in must have been one of them. Empty: any.",
      ),
    ),
    value: () => ({
      idp_initiated: portal.input.checked ? "convert" : "off",
      force_authn: force.input.checked,
      sign_requests: signs.input.checked,
      name_id_format: format.value,
      authn_contexts: contexts.value.split(/\s+/).filter(Boolean),
    }),
  };
}

function trust(connection: SamlConnection): Fields {
  const mustSign = select(
    connection.must_sign,
    ["either", "The response or the assertion"],
    ["response", "The response"],
    ["assertion", "The assertion"],
    ["both", "Both"],
  );
  const encryption = check(
    "Take encrypted answers",
    connection.encryption,
    "Puts a certificate into our metadata. Some providers encrypt as soon as they see one.",
  );
  const cbc = select(
    connection.cbc,
    ["signed_response", "Only inside a signed response (safe)"],
    ["off", "Never"],
    ["always", "Always"],
  );
  const sha1 = check("Accept SHA-1 signatures", connection.allow_sha1);
  const warning = h(
    "p",
    { class: "alert" },
    "SHA-1 can be forged with money and time. Switch this on only until the provider signs with SHA-256.",
  );
  const warn = (): void => replace(place, sha1.input.checked && warning);
  const place = h("div");
  sha1.input.addEventListener("change", warn);
  warn();
  const skew = text({ type: "number", min: 0, max: 300, required: true, value: connection.skew_s });
  const entityId = text({ value: connection.sp_entity_id });
  return {
    element: group(
      "Trust",
      field("What must be signed", mustSign),
      encryption.element,
      field(
        "When AES-CBC is opened",
        cbc,
        "This old way of encrypting does not protect itself; without a signature around it, it can be tried out.",
      ),
      sha1.element,
      place,
      field("Difference of clocks allowed, in seconds", skew),
      field(
        "Our entity ID",
        entityId,
        "Only when people move here from another service whose name the provider keeps. Empty: the address of our metadata.",
      ),
    ),
    value: () => ({
      must_sign: mustSign.value,
      encryption: encryption.input.checked,
      cbc: cbc.value,
      allow_sha1: sha1.input.checked,
      skew_s: Number(skew.value),
      sp_entity_id: entityId.value.trim(),
    }),
  };
}
