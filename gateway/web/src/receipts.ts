/* Receipts: for each withdrawal, how long commit, spread and answer took. */

import { h } from "./dom";
import { count, dateTime, milliseconds, ms } from "./format";
import type { Section } from "./section";
import { List } from "./table";
import type { Revocation } from "./types";

const SVG = "http://www.w3.org/2000/svg";
const SOURCES: Record<string, string> = {
  console: "the console",
  scim: "SCIM",
  ldap: "LDAP",
  signal: "a security signal",
  policy: "a policy",
  expiry: "expiry",
  operator: "the operator",
  restore: "a restore",
};

export const receipts: Section = {
  title: "Receipts",
  draw(place, context) {
    const list = new List<Revocation>({
      path: "/api/v1/revocations",
      empty: "No access has been withdrawn yet. Receipts appear here.",
      row: receiptItem,
      signedOut: () => context.signedOut(),
    });
    place.append(
      h(
        "p",
        { class: "quiet" },
        "What happened each time access was withdrawn: from the signal to the moment when every node had confirmed that nothing of the person is open.",
      ),
      list.element,
    );
    void list.load();
  },
};

interface Phase {
  name: "commit" | "spread" | "answer";
  words: string;
  ms: number;
}

/* Commit and spread are measured; the answer is what is left of the whole. */
function phasesOf(receipt: Revocation): Phase[] {
  const commit = Math.max(0, receipt.commit_ms ?? milliseconds(receipt.received_at, receipt.committed_at));
  const spread = Math.max(0, ...receipt.nodes.map((node) => node.acknowledged_ms ?? 0));
  const whole = receipt.duration_ms ?? commit + spread;
  return [
    { name: "commit", words: "Stored", ms: commit },
    { name: "spread", words: "Every node confirmed", ms: spread },
    { name: "answer", words: "Answered", ms: Math.max(0, whole - commit - spread) },
  ];
}

function subjectOf(receipt: Revocation): string {
  const name = receipt.display_name || receipt.user;
  const kinds: Record<string, string> = {
    session: "session",
    token: "token",
    connection: "connection",
    org: "organisation",
  };
  const kind = kinds[receipt.kind ?? ""];
  if (!kind) return name ?? "Somebody";
  return name ? `${name}, one ${kind}` : `A ${kind}`.replace("A o", "An o");
}

function receiptItem(receipt: Revocation): HTMLElement {
  const phases = phasesOf(receipt);
  const silent = receipt.nodes.filter((node) => node.acknowledged_ms === null).length;
  return h(
    "article",
    { class: "item", attributes: { "data-receipt": receipt.id } },
    h(
      "div",
      { class: "item-head" },
      h(
        "div",
        {},
        h("h3", {}, subjectOf(receipt)),
        h(
          "span",
          { class: "quiet small" },
          `${dateTime(receipt.received_at)}, by ${SOURCES[receipt.source] ?? receipt.source}`,
        ),
      ),
      h("span", { class: "big" }, receipt.duration_ms === null ? "under way" : ms(receipt.duration_ms)),
    ),
    bar(phases),
    h(
      "div",
      { class: "row" },
      ...phases.map((phase) =>
        h("span", { class: `key number ${phase.name}` }, `${phase.words} ${ms(phase.ms)}`),
      ),
    ),
    h(
      "p",
      { class: "quiet small" },
      `Ended: ${count(receipt.closed.sockets, "connection")}, ${count(receipt.closed.sessions, "session")}, ${count(receipt.closed.tokens, "token")}. `,
      `Confirmed by ${count(receipt.nodes.length - silent, "node")}`,
      silent > 0 && `, ${silent} silent until the bound`,
      ". Receipt ",
      h("code", {}, receipt.id),
    ),
  );
}

/* Drawn with attributes: the pages allow no inline styles. */
function bar(phases: Phase[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "phases");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const whole = phases.reduce((sum, phase) => sum + phase.ms, 0) || 1;
  let x = 0;
  for (const phase of phases) {
    const width = (phase.ms / whole) * 1000;
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", phase.name);
    rect.setAttribute("x", x.toFixed(1));
    rect.setAttribute("width", width.toFixed(1));
    rect.setAttribute("height", "10");
    svg.append(rect);
    x += width;
  }
  return svg;
}
