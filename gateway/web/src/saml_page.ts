/* The page of one SAML connection: what the provider needs, the test, and everything that can be
 * set and looked up later. */

import { api } from "./api";
import { h, replace } from "./dom";
import { dateTime } from "./format";
import { asked, button, closeButton, part } from "./form";
import { presetField } from "./saml_connect";
import { drawKeys } from "./saml_keys";
import { presetOf } from "./saml_presets";
import { drawProvider } from "./saml_provider";
import { explain, showReason } from "./saml_reasons";
import { refusals } from "./saml_refusals";
import { drawSettings } from "./saml_settings";
import { connectionPath, labelled, stateBadge, type Context } from "./section";
import type { ConnectionTest, SamlConnection } from "./types";

export async function drawConnection(place: HTMLElement, context: Context, id: string): Promise<void> {
  const heading = place.querySelector("h1") ?? h("h1");
  const back = h("p", {}, h("a", { attributes: { href: "#connections" } }, "All connections"));
  replace(place, back, heading, h("p", { class: "quiet" }, "Loading…"));
  try {
    const connection = await api<SamlConnection>("GET", connectionPath(id));
    if (!place.contains(heading)) return; /* somebody went on meanwhile */
    sessionStorage.removeItem("tested");
    heading.textContent = connection.name;
    document.title = `${connection.name} – Gatehouse`;
    const again = (): void => void drawConnection(place, context, id);
    replace(place, back, heading, ...parts(connection, context, again));
  } catch (failure) {
    const trouble = h("div");
    replace(place, back, heading, trouble);
    showReason(trouble, context, failure);
  }
}

function parts(connection: SamlConnection, context: Context, again: () => void): HTMLElement[] {
  return [
    status(connection, context, again),
    addresses(connection),
    drawProvider(connection, context, again),
    drawSettings(connection, context, again),
    drawKeys(connection, context),
    refusals(connection, context),
    removal(connection, context),
  ];
}

function sentence(connection: SamlConnection): string {
  switch (connection.state) {
    case "enabled":
      return "People sign in through it.";
    case "disabled":
      return "It is closed: nobody signs in through it.";
    case "tested":
      return "The test sign-in worked. Now let people in.";
    case "new":
      return "Not open to people yet: enter our addresses at the provider, then sign in as a test.";
  }
}

function status(connection: SamlConnection, context: Context, again: () => void): HTMLElement {
  const outcome = h("div");
  const path = connectionPath(connection.id);
  const test = button(
    "Test sign-in",
    connection.state === "new" ? "primary" : "",
    context,
    outcome,
    async () => {
      const result = await api<ConnectionTest>("POST", `${path}/test`);
      const failed = result.checks.find((check) => check.check === "provider" && !check.ok);
      if (failed || !result.start_url)
        replace(
          outcome,
          h(
            "p",
            { class: "alert", attributes: { role: "alert" } },
            "The provider cannot be used yet. ",
            failed?.code && explain(failed.code).join(" "),
          ),
        );
      else {
        sessionStorage.setItem("tested", connection.id); /* the way back when it fails: plain.ts */
        location.assign(result.start_url);
      }
    },
  );
  const isOpen = connection.state === "enabled";
  const enable = button(
    "Let people in",
    connection.state === "tested" ? "primary" : "",
    context,
    outcome,
    async () => {
      if (connection.state === "tested") {
        await api("POST", `${path}/enable`, {});
        again();
      } else offerUntested(outcome, path, context, again);
    },
  );
  return h(
    "section",
    { class: "panel" },
    h(
      "div",
      { class: "item", attributes: { "data-connection": connection.id } },
      h(
        "div",
        { class: "item-head" },
        h("p", { class: "grow" }, sentence(connection)),
        stateBadge(connection.state),
      ),
      h(
        "p",
        { class: "quiet small" },
        "The test takes you to the provider and back and shows once what it says about you. You stay signed in as you are. ",
        connection.tested_at && `Last one that worked: ${dateTime(connection.tested_at)}. `,
        "Creators can always sign in with their password, whatever happens to the provider.",
      ),
      outcome,
      h("div", { class: "row" }, test, isOpen ? closeButton(connection, context, again) : enable),
    ),
  );
}

/* Whoever goes on without a test says so twice; the audit log keeps it. */
function offerUntested(outcome: HTMLElement, path: string, context: Context, again: () => void): void {
  const trouble = h("div");
  const anyway = button("Let people in without a test", "", context, trouble, async () => {
    await api("POST", `${path}/enable`, { untested: true });
    again();
  });
  replace(
    outcome,
    h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "note" },
        "Nobody has signed in as a test since the last change. If something does not fit, everybody finds out at once.",
      ),
      trouble,
      h("div", {}, anyway),
    ),
  );
}

function addresses(connection: SamlConnection): HTMLElement {
  const hints = h("div");
  const preset = presetOf(connection.idp_metadata_url, connection.entity_id);
  const entityId = connection.sp_entity_id || connection.metadata_url;
  const isOwn = entityId === connection.metadata_url;
  return part(
    "What your provider needs",
    h(
      "p",
      { class: "quiet small" },
      "Most providers take everything from our metadata. Others want the addresses one by one.",
    ),
    labelled(isOwn ? "Metadata address, also our entity ID" : "Metadata address", connection.metadata_url),
    isOwn ? null : labelled("Our entity ID", entityId),
    labelled("Assertion consumer service (HTTP-POST)", connection.acs_url),
    labelled("Single logout service", connection.slo_url),
    labelled("Sign-in link, for a portal or bookmark", connection.login_url),
    presetField(preset, hints),
    hints,
  );
}

function removal(connection: SamlConnection, context: Context): HTMLElement {
  return part(
    "Remove",
    h(
      "p",
      { class: "quiet small" },
      "The accounts and messages of people stay. Their link to this provider goes.",
    ),
    h(
      "div",
      {},
      asked(
        "Remove this connection",
        `Remove ${connection.name}?`,
        "Everybody who came through it is signed out at once. Its keys, settings and records are gone.",
        "Remove it",
        context,
        async () => {
          await api("DELETE", connectionPath(connection.id));
          location.hash = "#connections";
        },
      ),
    ),
  );
}
