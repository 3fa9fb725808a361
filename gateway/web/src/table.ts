/* Lists that come in pages: loading, empty, failed, more. */

import { alertBox, api, isSignedOut } from "./api";
import { busy, h, replace } from "./dom";
import type { Page } from "./types";

export interface Listing<T> {
  path: string;
  columns?: string[]; /* with columns it is a table and `row` makes <tr> */
  row(item: T): HTMLElement;
  empty: string;
  signedOut(): void;
}

export class List<T> {
  readonly element = h("div", { class: "panel" });
  private rows: HTMLElement;
  private loading = 0;

  constructor(private readonly listing: Listing<T>) {
    this.rows = h("div");
  }

  async load(query: Record<string, string> = {}): Promise<void> {
    this.loading += 1;
    const mine = this.loading;
    this.element.setAttribute("aria-busy", "true");
    if (!this.element.hasChildNodes()) replace(this.element, h("p", { class: "empty quiet" }, "Loading…"));
    try {
      const page = await this.fetch(query, null);
      if (mine === this.loading) this.show(page, query);
    } catch (failure) {
      if (isSignedOut(failure)) this.listing.signedOut();
      else if (mine === this.loading) this.fail(failure, query);
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  private fetch(query: Record<string, string>, cursor: string | null): Promise<Page<T>> {
    const all = new URLSearchParams({ limit: "50", ...query, ...(cursor !== null && { cursor }) });
    return api("GET", `${this.listing.path}?${all}`);
  }

  private show(page: Page<T>, query: Record<string, string>): void {
    if (page.items.length === 0) {
      replace(this.element, h("p", { class: "empty quiet" }, this.listing.empty));
      return;
    }
    this.rows = this.listing.columns ? h("tbody") : h("div");
    const table = this.listing.columns && this.table(this.listing.columns);
    replace(this.element, table || this.rows);
    this.append(page, query);
  }

  private table(columns: string[]): HTMLElement {
    const cells = columns.map((column) =>
      column.startsWith("!")
        ? h("th", { class: "roomy", attributes: { scope: "col" } }, column.slice(1))
        : h("th", { attributes: { scope: "col" } }, column || h("span", { class: "unseen" }, "Actions")),
    );
    return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...cells)), this.rows));
  }

  private append(page: Page<T>, query: Record<string, string>): void {
    this.rows.append(...page.items.map((item) => this.listing.row(item)));
    if (page.next === null) return;
    const next = page.next;
    const button = h("button", { class: "compact" }, "Show more");
    const foot = h("div", { class: "item" }, button);
    button.addEventListener(
      "click",
      () =>
        void busy(button, async () => {
          try {
            const more = await this.fetch(query, next);
            foot.remove();
            this.append(more, query);
          } catch (failure) {
            if (isSignedOut(failure)) this.listing.signedOut();
            else foot.append(alertBox(failure));
          }
        }),
    );
    this.element.append(foot);
  }

  private fail(failure: unknown, query: Record<string, string>): void {
    const again = h("button", { class: "compact", on: { click: () => void this.load(query) } }, "Try again");
    replace(this.element, h("div", { class: "item" }, alertBox(failure), h("div", {}, again)));
  }
}
