/* The shapes of the API, as gateway/openapi/openapi.json describes them. */

export interface User {
  id: string;
  display_name: string;
  state: "invited" | "active" | "suspended" | "deactivated" | "anonymised" | "erased";
  user_name?: string;
  email?: string | null;
  roles?: string[];
  external_id?: string | null;
  directory_managed?: boolean;
}

export interface Org {
  id: string;
  slug: string;
  name: string;
}

export interface SignedIn {
  user: User;
  org: Org;
  csrf: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type SignInMethod =
  { kind: "oidc" | "saml"; name: string; url: string } | { kind: "password"; org: string | null };

export interface Conversation {
  id: string;
  kind: "group" | "direct";
  name: string;
  members?: string[];
  unread?: number;
}

export interface Message {
  id: string;
  conversation: string;
  sender: { id: string; display_name: string };
  text: string;
  created_at: string;
  edited_at?: string;
  seq: number;
}

export interface Revocation {
  id: string;
  kind?: string;
  user: string | null;
  display_name?: string | null;
  source: string;
  received_at: string;
  committed_at: string;
  answered_at: string | null;
  closed: { sockets: number; sessions: number; tokens: number };
  nodes: { node: string; acknowledged_ms: number | null }[];
  commit_ms?: number | null;
  duration_ms: number | null;
}

export interface Connection {
  id: string;
  kind: string;
  name: string;
  state: "new" | "tested" | "enabled" | "disabled";
  issuer?: string;
  client_id?: string;
  client_auth?: string;
  provisioning?: string;
  domains?: string[];
  redirect_uri?: string;
  logout_redirect_uri?: string;
  jwks_uri?: string;
  health?: { failure: string | null; waits: boolean } | null;
}

/* Settings of a SAML connection, as they come and as PATCH takes them. */
export interface SamlSettings {
  name: string;
  provisioning: "jit" | "match";
  match: { claim: string; attribute: string } | null;
  must_sign: string;
  cbc: string;
  allow_sha1: boolean;
  sign_requests: boolean;
  encryption: boolean;
  force_authn: boolean;
  email_trusted: boolean;
  idp_initiated: string;
  skew_s: number;
  sp_entity_id: string;
  name_id_format: string;
  authn_contexts: string[];
  subject_attribute: string;
  attributes: { user_name: string; email: string; display_name: string; groups: string };
  roles: { group: string; role: string }[];
}

export interface SamlConnection extends SamlSettings {
  id: string;
  kind: "saml";
  state: Connection["state"];
  tested_at: string | null;
  entity_id: string;
  metadata_signer: string;
  ca_pem: string;
  idp_metadata_url: string;
  metadata_url: string;
  acs_url: string;
  slo_url: string;
  login_url: string;
}

export interface ProviderEndpoint {
  binding: string;
  location: string;
  response_location?: string | null;
}

export interface ProviderCertificate {
  fingerprint: string;
  expires_at: string | null;
}

export interface ProviderFacts {
  entity_id: string;
  sign_on: ProviderEndpoint[];
  logout: ProviderEndpoint[];
  certificates: ProviderCertificate[];
  valid_until: string | null;
}

export interface Provider extends ProviderFacts {
  origin: "url" | "upload" | "manual";
  url: string | null;
  fetched_at: string | null;
  good_at: string | null;
  next_at: string | null;
  failure: string | null;
  unreadable_certificates: number;
  pending: (ProviderFacts & { hash: string; changes: string[] }) | null;
}

export interface ConnectionKey {
  id: string;
  use: "signing" | "encryption";
  state: "published" | "active" | "retiring";
  fingerprint: string;
  certificate: string;
  expires_at: string;
}

export interface RefusedSignIn {
  id: string;
  at: string;
  request_id: string;
  test: boolean;
  reason: string;
  want: string | null;
  got: string | null;
  times: number;
  detail: Record<string, unknown> | null;
}

export interface ConnectionTest {
  ok: boolean;
  checks: { check: string; ok: boolean; code?: string | null }[];
  start_url?: string;
}

export interface Token {
  id: string;
  kind: string;
  name: string;
  created_at?: string;
  expires_at?: string | null;
  last_used_at?: string | null;
  creator_left?: boolean;
  flagged_at?: string | null;
}

export interface Domain {
  id: string;
  domain: string;
  state: "pending" | "proved";
  txt_name?: string;
  txt_value?: string;
}
