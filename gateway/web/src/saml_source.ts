/* Where the facts of a SAML provider come from: an address, a file, or typed in. */

import { field, freshId, h } from "./dom";
import { area, fileField, group, radio, select, text } from "./form";
import type { SamlConnection } from "./types";

export interface Source {
  element: HTMLElement;
  value(): Record<string, unknown>; /* members of POST and PATCH */
}

const bindings = (): HTMLSelectElement =>
  select("redirect", ["redirect", "HTTP-Redirect"], ["post", "HTTP-POST"]);

export function sourceFields(now?: SamlConnection): Source {
  const name = freshId();
  const byUrl = radio(name, "url", "An address: kept fresh, new certificates are taken over", true);
  const byFile = radio(name, "file", "A file or its text", false);
  const byHand = radio(name, "hand", "Typed in by hand", false);
  const url = urlPart(now);
  const file = filePart();
  const hand = handPart();
  const parts: [HTMLInputElement, Source][] = [
    [byUrl.input, url],
    [byFile.input, file],
    [byHand.input, hand],
  ];
  const show = (): void => parts.forEach(([input, part]) => enable(part.element, input.checked));
  parts.forEach(([input]) => input.addEventListener("change", show));
  show();
  return {
    element: h(
      "div",
      { class: "stack" },
      group("The provider's metadata", byUrl.element, byFile.element, byHand.element),
      ...parts.map(([, part]) => part.element),
    ),
    value: () => (parts.find(([input]) => input.checked)?.[1] ?? url).value(),
  };
}

/* What is hidden must not keep the form from being sent. */
function enable(part: HTMLElement, isShown: boolean): void {
  part.hidden = !isShown;
  part
    .querySelectorAll<HTMLInputElement>("input, textarea, select")
    .forEach((control) => (control.disabled = !isShown));
}

function urlPart(now?: SamlConnection): Source {
  const url = text({
    type: "url",
    required: true,
    value: now?.idp_metadata_url ?? "",
    placeholder: "https://idp.example.com/metadata",
  });
  const entity = text({ value: now?.idp_metadata_url ? now.entity_id : "" });
  const signer = area(2, now?.metadata_signer);
  const authority = area(2, now?.ca_pem);
  return {
    element: h(
      "div",
      { class: "stack" },
      field("Metadata address", url),
      h(
        "details",
        {},
        h("summary", {}, "When the address is a special one"),
        h(
          "div",
          { class: "stack" },
          field("Which entity ID", entity, "Only if the metadata holds several providers."),
          field("Signed by (PEM)", signer, "The metadata counts only with this certificate's signature."),
          field(
            "Certificate authority (PEM)",
            authority,
            "Only if the address has a certificate of a private authority.",
          ),
        ),
      ),
    ),
    value: () => ({
      metadata_url: url.value.trim(),
      entity_id: entity.value.trim(),
      metadata_signer: signer.value.trim(),
      ca_pem: authority.value.trim(),
    }),
  };
}

function filePart(): Source {
  const xml = area(4);
  xml.required = true;
  const entity = text();
  return {
    element: h(
      "div",
      { class: "stack" },
      fileField(
        "Metadata (XML)",
        xml,
        "Has to be given again when the provider's certificate changes.",
        ".xml,text/xml",
      ),
      field("Which entity ID", entity, "Only if the metadata holds several providers."),
    ),
    value: () => ({ metadata_xml: xml.value, entity_id: entity.value.trim(), metadata_signer: "" }),
  };
}

function handPart(): Source {
  const entity = text({ required: true });
  const sso = text({ type: "url", required: true });
  const ssoBinding = bindings();
  const slo = text({ type: "url" });
  const sloBinding = bindings();
  const certificate = area(4);
  certificate.required = true;
  return {
    element: h(
      "div",
      { class: "stack" },
      field("Entity ID of the provider", entity, "To the letter, also case and a slash at the end."),
      field("Sign-on address", sso),
      field("How we send people there", ssoBinding),
      field("Logout address", slo, "Optional."),
      field("How we send logouts", sloBinding),
      fileField(
        "Signing certificate",
        certificate,
        "PEM, or base64. Several below each other.",
        ".pem,.crt,.cer",
      ),
    ),
    value: () => ({
      entity_id: entity.value.trim(),
      sso_url: sso.value.trim(),
      sso_binding: ssoBinding.value,
      ...(slo.value.trim() && { slo_url: slo.value.trim(), slo_binding: sloBinding.value }),
      certificate: certificate.value,
      metadata_signer: "",
    }),
  };
}
