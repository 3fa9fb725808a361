/* The mailed link of an invitation: sets the first password. The token stands in the fragment, which
   no server sees, and leaves the address bar at once. */

import { alertBox, api } from "./api";
import { busy, byId, field, h, replace } from "./dom";
import { showSource } from "./footer";

const place = byId("welcome");
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname);

function newPassword(): HTMLInputElement {
  return h("input", {
    attributes: {
      type: "password",
      required: true,
      minlength: 10,
      maxlength: 1024,
      autocomplete: "new-password",
    },
  });
}

function ask(): void {
  const password = newPassword();
  const again = newPassword();
  const button = h("button", { class: "primary", attributes: { type: "submit" } }, "Set password");
  const trouble = h("div");
  const compare = (): void =>
    again.setCustomValidity(again.value === password.value ? "" : "The two passwords differ.");
  password.addEventListener("input", compare);
  again.addEventListener("input", compare);
  const submit = async (): Promise<void> => {
    trouble.replaceChildren();
    try {
      const { org } = await api<{ org: string }>("POST", "/api/v1/invitations/accept", {
        token,
        password: password.value,
      });
      done(org);
    } catch (failure) {
      replace(trouble, alertBox(failure, "The link may have been used or be too old."));
    }
  };
  replace(
    place,
    h(
      "form",
      { class: "stack", on: { submit: (event) => (event.preventDefault(), void busy(button, submit)) } },
      field("New password", password, "At least ten characters."),
      field("Once more", again),
      trouble,
      button,
    ),
  );
  password.focus();
}

function done(org: string): void {
  const link = h(
    "a",
    { class: "button primary", attributes: { href: `/login/${encodeURIComponent(org)}` } },
    "Sign in",
  );
  replace(
    place,
    h("div", { class: "stack", attributes: { role: "status" } }, h("p", {}, "Your password is set."), link),
  );
  link.focus();
}

if (token) ask();
else replace(place, h("p", { class: "alert", attributes: { role: "alert" } }, "This link is not complete."));
void showSource();
