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
}

export interface ConnectionTest {
  ok: boolean;
  checks: { check: string; ok: boolean; code?: string | null }[];
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
