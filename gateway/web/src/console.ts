/* The console of creators and administrators: one section at a time, named by the address. */

import { alertBox, goToLogin, isSignedOut, Problem, signOut, whoAmI } from "./api";
import { connections } from "./connections";
import { busy, byId, h, replace } from "./dom";
import { showSource } from "./footer";
import { showNotice } from "./notice";
import { people } from "./people";
import { receipts } from "./receipts";
import type { Context, Section } from "./section";
import { tokens } from "./tokens";
import type { SignedIn } from "./types";

const sections = new Map<string, Section>(Object.entries({ people, connections, tokens, receipts }));

function drawFrame(me: SignedIn): HTMLElement {
  const trouble = h("div");
  const leave = h("button", { class: "compact" }, "Sign out");
  leave.addEventListener(
    "click",
    () =>
      void busy(leave, async () => {
        try {
          await signOut();
        } catch (failure) {
          replace(trouble, alertBox(failure));
        }
      }),
  );
  const place = h("main", { class: "content-wide", id: "content", attributes: { tabindex: -1 } });
  replace(
    byId("app"),
    h(
      "header",
      { class: "bar" },
      h(
        "span",
        { class: "where" },
        h("img", { class: "mark", attributes: { src: "/assets/icon.svg", width: 28, height: 28, alt: "" } }),
        me.org.name,
      ),
      h("span", { class: "who small" }, me.user.display_name),
      h("a", { class: "small", attributes: { href: "/" } }, "Messenger"),
      leave,
    ),
    h(
      "nav",
      { class: "tabs", attributes: { "aria-label": "Console" } },
      ...[...sections].map(([name, section]) => h("a", { attributes: { href: `#${name}` } }, section.title)),
    ),
    trouble,
    place,
  );
  return place;
}

function drawSection(place: HTMLElement, context: Context): void {
  const [name = "", item = ""] = location.hash.slice(1).split("/"); /* #connections/0190… */
  const chosen = sections.has(name) ? name : "people";
  const section = sections.get(chosen) ?? people;
  document.querySelectorAll(".tabs a").forEach((link) => {
    if (link.getAttribute("href") === `#${chosen}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.title = `${section.title} – Gatehouse`;
  replace(place, h("h1", { attributes: { tabindex: -1 } }, section.title));
  section.draw(place, context, item);
}

async function start(): Promise<void> {
  void showSource();
  try {
    const me = await whoAmI();
    if (!(me.user.roles ?? []).some((role) => role === "creator" || role === "admin")) {
      throw new Problem(
        403,
        "role.forbidden",
        "The console is for creators and administrators of your organisation.",
        "",
      );
    }
    const place = drawFrame(me);
    const context: Context = { me, signedOut: () => showNotice("session.revoked") };
    drawSection(place, context);
    window.addEventListener("hashchange", () => {
      if (location.hash === "#content") return; /* the skip link */
      drawSection(place, context);
      place.querySelector("h1")?.focus();
    });
  } catch (failure) {
    if (isSignedOut(failure)) goToLogin();
    else
      replace(
        byId("app"),
        h(
          "main",
          { class: "content-wide" },
          h("h1", {}, "The console cannot be shown"),
          alertBox(failure),
          h("p", {}, h("a", { attributes: { href: "/" } }, "Back to the messenger")),
        ),
      );
  }
}

void start();
