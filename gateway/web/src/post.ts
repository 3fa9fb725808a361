/* Sends the one form of a page on to the identity provider; without a script its button does. */
document.querySelector<HTMLFormElement>("form#onward")?.submit();
