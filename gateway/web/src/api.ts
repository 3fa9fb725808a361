/* Calls to Gatehouse. Every failure is a Problem with words for people, a stable code and the
 * request id. */

import type { SignedIn } from "./types";
import { h } from "./dom";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
  ) {
    super(message);
  }
}

let csrf = "";

export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-Gatehouse-Csrf"] = csrf;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
    });
  } catch {
    throw new Problem(0, "network", "Gatehouse cannot be reached. Check the network and try again.", "");
  }
  if (!response.ok) throw await problem(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function whoAmI(): Promise<SignedIn> {
  const me = await api<SignedIn>("GET", "/api/v1/me");
  csrf = me.csrf;
  return me;
}

async function problem(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    /* A proxy's error page: the status has to do. */
  }
  const code = text(body["code"]) || `http.${response.status}`;
  const id = text(body["request_id"]) || (response.headers.get("X-Request-Id") ?? "");
  return new Problem(response.status, code, words(response, text(body["detail"]) || text(body["title"])), id);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function words(response: Response, detail: string): string {
  if (response.status === 429) {
    const seconds = Number(response.headers.get("Retry-After"));
    return seconds > 0
      ? `Too many attempts. Try again in ${seconds} s.`
      : "Too many attempts. Try again later.";
  }
  if (response.status === 503)
    return "Gatehouse cannot decide this right now. Nothing was changed; try again in a moment.";
  if (response.status === 401) return "You are not signed in any more.";
  return detail || "Something went wrong.";
}

/* role=alert: read out when it appears. */
export function alertBox(failure: unknown, lead = ""): HTMLElement {
  if (!(failure instanceof Problem)) throw failure;
  const facts = failure.requestId
    ? `Code ${failure.code}, request ${failure.requestId}`
    : `Code ${failure.code}`;
  return h(
    "div",
    { class: "alert", attributes: { role: "alert" } },
    lead ? `${lead} ${failure.message}` : failure.message,
    h("span", { class: "small mono" }, facts),
  );
}

export function isSignedOut(failure: unknown): boolean {
  return failure instanceof Problem && failure.status === 401;
}

/* Where to go after signing in: a path of this site and nothing else. */
export function safeReturn(wanted: string | null): string {
  if (!wanted || !/^\/(?![/\\])[^\u0000-\u001f\u007f\\]*$/.test(wanted)) return "/";
  return wanted;
}

export function goToLogin(): void {
  const here = location.pathname + location.hash;
  location.replace(here === "/" ? "/login" : `/login?return=${encodeURIComponent(here)}`);
}

/* Ends the session; the provider's own page follows when there is one. */
export async function signOut(): Promise<void> {
  let next: string | null = null;
  try {
    next = (await api<{ redirect: string | null }>("DELETE", "/api/v1/session")).redirect;
  } catch (failure) {
    if (!isSignedOut(failure)) throw failure;
  }
  location.assign(next && /^https?:\/\//.test(next) ? next : "/login");
}
