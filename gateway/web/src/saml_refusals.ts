/* Why people could not sign in: the reason in words, what was wanted and what came. */

import { h } from "./dom";
import { dateTime } from "./format";
import { part } from "./form";
import { row } from "./saml_provider";
import { explain } from "./saml_reasons";
import { connectionPath, type Context } from "./section";
import { List } from "./table";
import type { RefusedSignIn, SamlConnection } from "./types";

export function refusals(connection: SamlConnection, context: Context): HTMLElement {
  const list = new List<RefusedSignIn>({
    path: `${connectionPath(connection.id)}/logins`,
    empty: "No sign-in was refused in the last seven days.",
    row: refusal,
    signedOut: () => context.signedOut(),
  });
  void list.load();
  list.element.className = "";
  const panel = part(
    "Refused sign-ins",
    h(
      "p",
      { class: "quiet small" },
      "Kept for seven days. The person sees a plain sentence and the request id; the reason stands only here. Names and values are never kept.",
    ),
  );
  panel.append(list.element);
  return panel;
}

function refusal(record: RefusedSignIn): HTMLElement {
  const [what, next] = explain(record.reason);
  const details = record.detail ? Object.entries(record.detail).filter(([, value]) => value !== null) : [];
  return h(
    "article",
    { class: "item", attributes: { "data-reason": record.reason } },
    h(
      "div",
      { class: "item-head" },
      h("h3", {}, what),
      h(
        "span",
        { class: "quiet small" },
        record.test && h("span", { class: "badge" }, "test"),
        record.times > 1 && h("span", { class: "badge" }, `${record.times} times`),
        " ",
        dateTime(record.at),
      ),
    ),
    h("p", {}, next),
    h(
      "dl",
      { class: "facts long" },
      ...(record.want ? row("Expected", [record.want]) : []),
      ...(record.got ? row("Came", [record.got]) : []),
      ...row("Code", [h("code", {}, record.reason)]),
      ...row("Request", [h("code", {}, record.request_id)]),
    ),
    details.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, "More about the answer"),
        h(
          "dl",
          { class: "facts long" },
          ...details.flatMap(([name, value]) => row(LABELS[name] ?? name, said(value))),
        ),
      ),
  );
}

const LABELS: Record<string, string> = {
  certificates: "Certificates tried",
  status: "Status",
  sub_status: "Status, finer",
  status_message: "What it said",
  protection: "Protection",
  clock_ahead_ms: "Its clock is ahead (ms)",
  name_id: "NameID",
  name_id_format: "Format of NameID",
  attributes: "Attributes",
};

/* Values come redacted; whatever shape they have, they end as text. */
function said(value: unknown): string[] {
  if (Array.isArray(value)) return value.length > 0 ? value.flatMap(said) : ["none"];
  if (typeof value === "object" && value !== null)
    return [
      Object.entries(value)
        .filter(([, one]) => one !== null)
        .map(
          ([name, one]) =>
            `${name.replaceAll("_", " ")} ${typeof one === "boolean" ? (one ? "yes" : "no") : one}`,
        )
        .join(", "),
    ];
  return [String(value)];
}
