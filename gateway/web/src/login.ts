/* Signing in: the e-mail address first, then the organisation's own provider or a password. */

import { alertBox, api, Problem, safeReturn, whoAmI } from "./api";
import { busy, byId, field, h, replace } from "./dom";
import { showSource } from "./footer";
import type { SignedIn, SignInMethod } from "./types";

const place = byId("login");
const back = safeReturn(new URLSearchParams(location.search).get("return"));
const knownOrg = decodeURIComponent(/^\/login\/([^/]+)$/.exec(location.pathname)?.[1] ?? "");

function askForEmail(email: string): void {
  const input = h("input", {
    attributes: {
      type: "email",
      name: "email",
      autocomplete: "username",
      required: true,
      maxlength: 254,
      spellcheck: "false",
    },
  });
  input.value = email;
  const button = h("button", { class: "primary", attributes: { type: "submit" } }, "Continue");
  const trouble = h("div");
  const form = h(
    "form",
    {
      class: "stack",
      on: {
        submit: (event) => (event.preventDefault(), void busy(button, () => discover(input.value, trouble))),
      },
    },
    field("E-mail address", input, "The one you use at work."),
    trouble,
    button,
  );
  replace(place, form);
  input.focus();
}

async function discover(email: string, trouble: HTMLElement): Promise<void> {
  trouble.replaceChildren();
  try {
    const asked = knownOrg ? { email, org: knownOrg } : { email };
    const { methods } = await api<{ methods: SignInMethod[] }>("POST", "/login/discover", asked);
    offer(email, methods);
  } catch (failure) {
    replace(trouble, alertBox(failure));
  }
}

function offer(email: string, methods: SignInMethod[]): void {
  const providers = methods.flatMap((method) => (method.kind !== "password" ? providerLink(method) : []));
  const password = methods.find((method) => method.kind === "password");
  const change = h(
    "button",
    { class: "link", attributes: { type: "button" }, on: { click: () => askForEmail(email) } },
    "Change",
  );
  const form = password?.kind === "password" && passwordForm(email, knownOrg || password.org);
  const hasProvider = providers.length > 0;
  const reveal =
    form &&
    hasProvider &&
    h(
      "button",
      {
        attributes: { type: "button" },
        on: { click: () => (reveal && reveal.replaceWith(form), focusFirst(form)) },
      },
      "Use a password instead",
    );
  replace(
    place,
    h(
      "div",
      { class: "stack" },
      h("p", { class: "identity" }, h("span", {}, email), change),
      ...providers,
      hasProvider && form && h("p", { class: "or" }, "or"),
      reveal || form,
    ),
  );
  if (hasProvider) providers[0]?.focus();
  else focusFirst(place);
}

function focusFirst(parent: Element): void {
  const inputs = [...parent.querySelectorAll("input")].filter(
    (input) => input.type !== "hidden" && !input.hidden,
  );
  (inputs.find((input) => input.value === "") ?? inputs[0])?.focus();
}

/* The address comes from our own server and is a path of it; the return path is ours to choose. */
function providerLink(method: { name: string; url: string }): HTMLAnchorElement[] {
  const url = new URL(method.url, location.origin);
  if (url.origin !== location.origin) return [];
  url.searchParams.set("return", back);
  return [
    h(
      "a",
      { class: "button primary", attributes: { href: url.pathname + url.search } },
      `Continue with ${method.name}`,
    ),
  ];
}

function passwordForm(email: string, org: string | null): HTMLFormElement {
  const slug = h("input", {
    attributes: {
      name: "org",
      required: true,
      autocomplete: "organization",
      autocapitalize: "none",
      spellcheck: "false",
    },
  });
  slug.value = org ?? "";
  const password = h("input", {
    attributes: {
      type: "password",
      name: "password",
      required: true,
      autocomplete: "current-password",
      maxlength: 1024,
    },
  });
  /* Lets a password manager see whom the password belongs to. */
  const username = h("input", {
    attributes: { type: "text", name: "email", autocomplete: "username", hidden: true, readonly: true },
  });
  username.value = email;
  const button = h("button", { class: "primary", attributes: { type: "submit" } }, "Sign in");
  const trouble = h("div");
  const submit = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      await api<SignedIn>("POST", "/api/v1/session", {
        org: slug.value.trim(),
        email,
        password: password.value,
      });
      location.assign(back);
    } catch (failure) {
      password.value = "";
      replace(trouble, alertBox(refusal(failure)));
      password.focus();
    }
  };
  return h(
    "form",
    { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(button, submit)) } },
    username,
    org ? null : field("Organisation", slug, "Its short name, as in acme."),
    field("Password", password),
    trouble,
    button,
  );
}

function refusal(failure: unknown): unknown {
  if (!(failure instanceof Problem) || failure.status !== 401) return failure;
  return new Problem(
    401,
    failure.code,
    "That did not work. Check what you typed; if your organisation signs in elsewhere, use its button.",
    failure.requestId,
  );
}

async function start(): Promise<void> {
  void showSource();
  try {
    await whoAmI();
    location.replace(back);
  } catch {
    askForEmail("");
  }
}

void start();
