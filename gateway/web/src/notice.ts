/* The page that takes the place of everything when access has ended: what happened, calmly, and
 * what can be done. Nothing of what was on the screen stays behind it. */

import { h, replace } from "./dom";

interface Words {
  heading: string;
  what: string;
  next: string;
  signIn: boolean;
}

const signedOut: Words = {
  heading: "You have been signed out",
  what: "This session has ended, so this window no longer receives or sends anything.",
  next: "What you sent before is kept. Sign in again to go on.",
  signIn: true,
};

const causes = new Map<string, Words>(
  Object.entries({
    "user.deactivated": {
      heading: "Your access has been withdrawn",
      what: "Your organisation has deactivated your account. You are signed out on all your devices.",
      next: "What you sent before stays with your organisation. If you think this is a mistake, ask your administrator.",
      signIn: false,
    },
    "session.revoked": signedOut,
    "session.expired": {
      heading: "Your session has expired",
      what: "It reached its time limit, so this window no longer receives or sends anything.",
      next: "What you sent before is kept. Sign in again to go on.",
      signIn: true,
    },
    "token.revoked": signedOut,
    "org.suspended": {
      heading: "Your organisation is suspended",
      what: "Nobody of your organisation can sign in at the moment. You have been signed out.",
      next: "Nothing is lost. Your administrator knows more.",
      signIn: false,
    },
    "org.closing": {
      heading: "Your organisation is closing",
      what: "Your organisation is being removed from this service, and everybody has been signed out.",
      next: "If you have questions, ask your administrator.",
      signIn: false,
    },
  }),
);

export function showNotice(reason: string): void {
  const words = causes.get(reason) ?? signedOut;
  const at = new Date();
  const heading = h("h1", { attributes: { tabindex: -1 } }, words.heading);
  const app = document.getElementById("app");
  if (!app) return;
  document.title = `${words.heading} – Gatehouse`;
  document.querySelectorAll("dialog, .skip").forEach((element) => element.remove());
  app.className = "whole ended";
  replace(
    app,
    h(
      "main",
      { class: "card noticed", attributes: { "data-reason": reason } },
      h("img", { class: "mark", attributes: { src: "/assets/icon.svg", width: 40, height: 40, alt: "" } }),
      heading,
      h("p", {}, words.what),
      h("p", {}, words.next),
      words.signIn &&
        h("p", {}, h("a", { class: "button primary", attributes: { href: "/login" } }, "Sign in again")),
      h(
        "p",
        { class: "quiet small" },
        "Ended ",
        h("time", { attributes: { datetime: at.toISOString() } }, at.toLocaleString()),
        ", reason ",
        h("code", {}, reason),
      ),
    ),
  );
  heading.focus();
}
