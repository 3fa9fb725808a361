/* The AGPL asks that users over a network are offered the source: the link in every footer. */

import { api } from "./api";

export async function showSource(): Promise<void> {
  const link = document.getElementById("source");
  if (!(link instanceof HTMLAnchorElement)) return;
  try {
    const about = await api<{ version: string; source: string | null }>("GET", "/version");
    if (about.source === null || !/^https?:\/\//.test(about.source)) return;
    link.href = about.source;
    link.textContent = `source of version ${about.version}`;
  } catch {
    /* The link to /version stays. */
  }
}
