/* Pages that only carry words: signed out, errors. */

import { showSource } from "./footer";

/* What is known of the provider's side after signing out; without the word, nothing is said. */
const outcome = new URLSearchParams(location.search).get("provider");
for (const words of document.querySelectorAll<HTMLElement>("[data-provider]")) {
  words.hidden = words.dataset["provider"] !== outcome;
}

/* An administrator whose test sign-in was refused goes back to where the reason is. */
const tested = sessionStorage.getItem("tested");
const next = document.querySelector<HTMLAnchorElement>("a#next");
if (next && tested && /^[-0-9a-z]+$/.test(tested)) {
  next.href = `/console#connections/${tested}`;
  next.textContent = "See the reason in the console";
}

void showSource();
