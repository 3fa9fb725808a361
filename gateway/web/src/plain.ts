/* Pages that only carry words: signed out, errors. */

import { showSource } from "./footer";

/* What is known of the provider's side after signing out; without the word, nothing is said. */
const outcome = new URLSearchParams(location.search).get("provider");
for (const words of document.querySelectorAll<HTMLElement>("[data-provider]")) {
  words.hidden = words.dataset["provider"] !== outcome;
}

void showSource();
