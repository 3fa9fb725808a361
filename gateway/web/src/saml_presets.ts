/* What is particular about the identity providers in use. Help only: every one of them works with
 * the defaults, or a hint says which setting differs. */

interface Preset {
  name: string;
  signs: RegExp; /* recognises it by its entity id or metadata address */
  where: string; /* to find its metadata */
  hints: string[];
}

export const PRESETS: Record<string, Preset> = {
  entra: {
    name: "Microsoft Entra ID",
    signs: /sts\.windows\.net|login\.microsoftonline/,
    where: "Enterprise applications, your application, Single sign-on: App Federation Metadata Url.",
    hints: [
      "AADSTS50011 there means that the reply address differs from ours.",
      "AADSTS75011 there means that the settings ask for a way of signing in that the person did not use: leave “ways of signing in” empty.",
      "Above 150 groups it sends none; then groups count as unknown and roles stay as they are. Send only the groups assigned to the application.",
      "Its certificate rolls over by itself: give the metadata address rather than a file.",
    ],
  },
  adfs: {
    name: "AD FS",
    signs: /\/adfs\//,
    where: "https://YOUR-SERVER/FederationMetadata/2007-06/FederationMetadata.xml",
    hints: [
      "Its entity ID begins with http:// and is compared to the letter.",
      "A NameID is sent only if a claim rule issues one; signing out needs it, too.",
      "If you switch on encryption here, let it sign message and assertion (Set-AdfsRelyingPartyTrust -SamlResponseSignature MessageAndAssertion).",
      "InvalidNameIDPolicy in its log: leave the format of names empty here.",
    ],
  },
  okta: {
    name: "Okta",
    signs: /okta(preview)?\.com/,
    where: "Your application, Sign On: Metadata URL.",
    hints: [
      "Each application has an entity ID of its own.",
      "For single logout, upload our signing certificate there.",
      "Add a group attribute statement named groups if roles depend on groups.",
    ],
  },
  google: {
    name: "Google Workspace",
    signs: /accounts\.google\.com/,
    where: "Apps, Web and mobile apps, your application: Download metadata.",
    hints: [
      "It has no single logout: people stay signed in at Google.",
      "It publishes no metadata address: upload the file, and again before its certificate ends.",
      "Map the attributes mail and displayName, and groups if roles depend on them.",
    ],
  },
  onelogin: {
    name: "OneLogin",
    signs: /onelogin\.com/,
    where: "Your application, More actions: SAML Metadata.",
    hints: ["Older tenants sign with SHA-1: choose SHA-256 under SSO, SAML Signature Algorithm."],
  },
  shibboleth: {
    name: "Shibboleth, eduGAIN",
    signs: /\/idp\/shibboleth|shibboleth/,
    where: "https://YOUR-IDP/idp/shibboleth, or the address of one entity at your federation (MDQ).",
    hints: [
      "By default it sends a transient name, which is no account: have it release pairwise-id or subject-id and name that attribute in the settings as the one that says who somebody is (urn:oasis:names:tc:SAML:attribute:pairwise-id).",
      "It encrypts when it can: switch encryption on here, or off there for this service.",
      "Aggregates of a whole federation are too large: give the address of the one entity.",
    ],
  },
  ping: {
    name: "Ping",
    signs: /pingone|pingidentity|pingfederate/,
    where: "Your application, Configuration: IdP Metadata URL.",
    hints: ["Choose a sign-in attribute that does not change as SAML subject."],
  },
  keycloak: {
    name: "Keycloak",
    signs: /\/realms\//,
    where: "https://YOUR-SERVER/realms/YOUR-REALM/protocol/saml/descriptor",
    hints: [
      "Import our metadata address as a new client; it takes every address from it.",
      "Its group mapper writes full paths such as /staff; give them so in the roles, or switch the full path off.",
    ],
  },
};

export function presetOf(...texts: (string | undefined)[]): string {
  const known = Object.entries(PRESETS).find(([, preset]) =>
    texts.some((text) => preset.signs.test(text ?? "")),
  );
  return known?.[0] ?? "";
}
