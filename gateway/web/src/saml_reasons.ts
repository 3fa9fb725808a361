/* What a reason means for the administrator who reads it, and what to do about it. docs/saml.md has
 * the same list; docs/errors.md has every reason. */

import { Problem } from "./api";
import { showFailure, type Context } from "./section";

const junk =
  "No identity provider in use sends this. If it comes again, something else is talking to this address.";
const clocks =
  "Compare the clocks of both sides; allow more difference in the settings only if it cannot be mended.";
const address = "Enter our addresses at the provider again, exactly as they are shown here.";
const ours = "Try again. If it stays, whoever runs this service has to look into its log.";

const REASONS: Record<string, readonly [string, string]> = {
  "saml.audience": [
    "The answer was made for another service.",
    `The entity ID of our side differs at the provider. ${address}`,
  ],
  "saml.authn_context": [
    "The person signed in at the provider in another way than the settings ask for.",
    "Take the wanted ways of signing in out of the settings, or make the provider offer them.",
  ],
  "saml.authn_stale": [
    "The provider was asked for a fresh sign-in and answered with an old one.",
    "Switch off “ask for credentials each time”, or let the provider honour ForceAuthn.",
  ],
  "saml.authn_statement": [
    "The answer does not say that anybody signed in.",
    "The provider must send an authentication statement.",
  ],
  "saml.binding": [
    "The answer came in the address instead of a form.",
    "Set the binding of our assertion consumer service to HTTP-POST at the provider.",
  ],
  "saml.cbc_unsigned": [
    "The answer is encrypted with AES-CBC and the message around it is not signed.",
    "Let the provider sign the whole response, or encrypt with AES-GCM, or not at all.",
  ],
  "saml.condition": [
    "The answer has a condition that is not known here.",
    "Take unusual conditions out of the provider's settings for this service.",
  ],
  "saml.conditions": [
    "The answer states no conditions, or several.",
    "The provider must say for whom and for how long its answer counts.",
  ],
  "saml.confirmation": ["No confirmation in the answer fits this sign-in.", address],
  "saml.decrypt": [
    "The encrypted part could not be used.",
    "Let the provider read our metadata again: it may encrypt for an old key. No finer reason is given, on purpose.",
  ],
  "saml.destination": ["The answer was sent to another address.", address],
  "saml.expired": ["The answer was over when it came.", clocks],
  "saml.gate_algorithm": [
    "The answer uses an algorithm that is not accepted.",
    "Let the provider sign with RSA-SHA256. For a provider that can only do SHA-1 there is a switch in the settings.",
  ],
  "saml.gate_base64": ["The answer is not properly encoded.", junk],
  "saml.gate_dtd": ["The answer has a document type declaration.", junk],
  "saml.gate_element": [
    "The answer holds an element that does not belong there, or not exactly one assertion.",
    junk,
  ],
  "saml.gate_id": ["An identifier in the answer is repeated, empty or of a wrong kind.", junk],
  "saml.gate_namespace": ["The answer declares a namespace that is not absolute.", junk],
  "saml.gate_node": ["The answer has a comment or another kind of content that is not accepted.", junk],
  "saml.gate_signature": ["A signature in the answer has an unusual form.", junk],
  "saml.gate_size": ["The answer is too large.", "Let the provider send only the groups that matter here."],
  "saml.gate_type": ["The answer states a type where none may stand.", junk],
  "saml.gate_volume": [
    "The answer has too many parts.",
    "Let the provider send only the groups that matter here.",
  ],
  "saml.gate_xml": ["The answer is not well-formed XML in UTF-8.", junk],
  "saml.in_response_to": [
    "The answer belongs to another request.",
    "Start again from the sign-in page. If it stays, the provider mixes up requests.",
  ],
  "saml.inflate": ["The message cannot be decompressed within the limit.", junk],
  "saml.issue_instant": ["The answer was made too long ago, or in the future.", clocks],
  "saml.issuer": [
    "The answer comes from another provider than this connection's.",
    "Compare the provider's entity ID with the one above, also case and the slash at the end; if the provider moved, give its new metadata.",
  ],
  "saml.jail_busy": ["Too many sign-ins at once; this one was not looked at.", ours],
  "saml.jail_crash": ["The isolated process that read the answer died of it.", ours],
  "saml.jail_protocol": ["The isolated process that read the answer misbehaved and was ended.", ours],
  "saml.jail_timeout": ["Reading the answer took too long.", ours],
  "saml.logged_out": [
    "The provider had ended this session again before its answer came.",
    "Nothing has to be done; the person signs in again.",
  ],
  "saml.metadata_entity": [
    "The metadata does not hold exactly one SAML 2.0 identity provider.",
    "Give the entity ID of the one you mean, or an address that serves only this one.",
  ],
  "saml.metadata_expired": [
    "The metadata says that it is no longer valid.",
    "Ask the provider for fresh metadata.",
  ],
  "saml.metadata_fetch": [
    "The metadata could not be fetched.",
    "The address must answer over https with a certificate that is trusted here, and not redirect.",
  ],
  "saml.metadata_key": [
    "The metadata has no usable signing key.",
    "RSA keys need 2048 bits or more; elliptic curves are P-256 or P-384.",
  ],
  "saml.metadata_signature": [
    "The metadata is not signed by the certificate that was pinned.",
    "Check the certificate, or do not pin one.",
  ],
  "saml.metadata_signer": [
    "The certificate that must have signed the metadata is not a PEM certificate.",
    "Paste it with its BEGIN and END lines.",
  ],
  "saml.metadata_url": [
    "An address in the metadata cannot be used.",
    "Addresses must be https, without user name or fragment.",
  ],
  "saml.metadata_xml": [
    "This is not SAML metadata.",
    "Download the metadata as XML, not the page around it.",
  ],
  "saml.name_id": [
    "The answer does not name one person in a usable way.",
    "Let the provider send a persistent name or an e-mail address as NameID, or name an attribute such as pairwise-id in the settings. A transient name knows nobody again.",
  ],
  "saml.no_jail": ["The processes that read SAML do not run.", ours],
  "saml.not_yet_valid": ["The answer is not valid yet.", clocks],
  "saml.query": ["The message was not sent as the standard says.", junk],
  "saml.recipient": ["The answer was made for another address.", address],
  "saml.replay": [
    "The same answer came a second time.",
    "Usually somebody pressed “back” or reloaded; nothing has to be done.",
  ],
  "saml.session_expired": ["The person's session at the provider was over.", clocks],
  "saml.signature": [
    "The signature fits none of the provider's certificates.",
    "The provider may have a new certificate: fetch its metadata again, or upload the new one.",
  ],
  "saml.state": [
    "The sign-in was not begun in this browser, or too long ago.",
    "Start again from the sign-in page. If it happens to everybody, the browser drops our cookies.",
  ],
  "saml.status": [
    "The provider itself refused the sign-in.",
    "Its own log says why; its status is below. Often the person is not assigned to this application.",
  ],
  "saml.time": ["A time in the answer cannot be read.", "Times must be UTC or carry their offset."],
  "saml.unsigned": [
    "What has to be signed is not.",
    "Let the provider sign its assertions, or match the signature setting here.",
  ],
  "saml.unsolicited": [
    "The provider sent an answer nobody asked for.",
    "People who start at the provider's portal need “sign-in from the provider's portal” in the settings.",
  ],
  "saml.version": ["The answer is not of SAML 2.0.", "Choose SAML 2.0 at the provider."],
  "connection.closed": [
    "The connection was closed or changed while the person was signing in.",
    "Nothing has to be done.",
  ],
  "login.creator": [
    "The account is a creator's, and no provider is ever linked to one.",
    "Creators sign in with their password. Check how people are found if somebody else was meant.",
  ],
  "login.email_unproved": [
    "People are found by their e-mail address, but the address does not count.",
    "Prove its domain under Connections, and say in the settings that the provider verifies addresses.",
  ],
  "login.known": [
    "Somebody with this name or address exists already, but did not come from this provider.",
    "Set how people are found at their first sign-in, so that the right account is linked.",
  ],
  "login.linked": [
    "The account is linked to another identity of the provider.",
    "Check whether two people share the value by which accounts are found.",
  ],
  "login.no_match": [
    "No account fits this person.",
    "Add the person first, correct how people are found, or let accounts be made at the first sign-in.",
  ],
  "user.gone": [
    "The person is deactivated here.",
    "That is as it should be when somebody has left. If it is a mistake, reactivate the person under People.",
  ],
  "connection.metadata_url": ["The address of the metadata must begin with https.", ""],
  "connection.source": [
    "Something is missing: by hand it takes the entity ID, the sign-on address and the certificate.",
    "",
  ],
  "connection.name_id_format": [
    "A transient name knows nobody again.",
    "Ask for another format, or name the attribute that says who somebody is.",
  ],
  "connection.match": ["People can be found by e-mail only when the claim is “email”.", ""],
  "connection.certificate": [
    "This is not the provider's certificate.",
    "Paste the public certificate, never a private key.",
  ],
  "connection.changed": ["Somebody else changed the connection meanwhile.", "Load the page again."],
  "connection.untested": ["Nobody has signed in as a test since the last change.", ""],
  "saml.key_slots": ["There are two keys already.", "Drop one first."],
  "saml.provider_changed": ["The provider says something else again.", "Look at the difference once more."],
};

export function explain(code: string): readonly [string, string] {
  return REASONS[code] ?? [`Refused with ${code}.`, "docs/errors.md says what it means."];
}

export function showReason(place: HTMLElement, context: Context, failure: unknown): void {
  const known = failure instanceof Problem && REASONS[failure.code];
  const said = known
    ? new Problem(failure.status, failure.code, known.join(" ").trim(), failure.requestId)
    : failure;
  showFailure(place, context, said);
}
