/* The messages of one conversation on the screen: oldest first, grouped by day and sender, with
 * those still on their way at the end. */

import { alertBox, api } from "./api";
import { busy, h } from "./dom";
import { clockTime, dateTime, dayOf, initials } from "./format";
import type { Message, Page } from "./types";

const PAGE = 50;
const SAME_SENDER_MS = 5 * 60_000;

export interface Outgoing {
  nonce: string;
  conversation: string;
  text: string;
  command: string | null; /* id of the command that is not answered yet */
  messageId: string | null; /* known from the ack */
  fault: string | null;
}

export class History {
  readonly element: HTMLElement;
  private readonly list = h("ol");
  private readonly earlier = h("div", { class: "earlier" });
  private messages: Message[] = [];
  private next: string | null = null;
  private loaded = false;
  private trouble: HTMLElement | null = null;

  constructor(
    private readonly conversation: string,
    private readonly outgoing: Outgoing[],
    private readonly retry: (message: Outgoing) => void,
  ) {
    this.element = h(
      "div",
      { class: "log", attributes: { role: "log", "aria-label": "Messages", tabindex: 0 } },
      this.earlier,
      this.list,
    );
  }

  async load(): Promise<void> {
    try {
      const page = await this.fetch(null);
      this.next = page.next;
      this.trouble = null;
      this.loaded = true;
      /* Events that came while the page was on its way are newer than it. */
      const newest = page.items[page.items.length - 1]?.seq ?? 0;
      this.messages = this.messages.filter((message) => message.seq > newest);
      page.items.forEach((message) => this.insert(message));
    } catch (failure) {
      this.trouble = alertBox(failure, "The messages could not be loaded.");
      this.trouble.append(
        h("button", { class: "compact", on: { click: () => void this.load() } }, "Try again"),
      );
    }
    this.draw(true);
  }

  get last(): Message | undefined {
    return this.messages[this.messages.length - 1];
  }

  add(message: Message): void {
    if (this.insert(message)) this.draw(this.isAtEnd());
  }

  /* Edited or deleted; unknown when it is on an earlier page. */
  change(message: Message): void {
    const known = this.messages.find((item) => item.id === message.id);
    if (!known) return;
    known.text = message.text;
    if (message.edited_at !== undefined) known.edited_at = message.edited_at;
    this.draw(this.isAtEnd());
  }

  /* After a change of the outgoing messages. */
  refresh(): void {
    this.draw(this.isAtEnd());
  }

  toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
  }

  private fetch(before: string | null): Promise<Page<Message>> {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (before) query.set("before", before);
    return api("GET", `/api/v1/conversations/${encodeURIComponent(this.conversation)}/messages?${query}`);
  }

  private insert(message: Message): boolean {
    if (this.messages.some((known) => known.id === message.id)) return false;
    const at = this.messages.findIndex((known) => known.seq > message.seq);
    this.messages.splice(at < 0 ? this.messages.length : at, 0, message);
    return true;
  }

  private async loadEarlier(): Promise<void> {
    const fromEnd = this.element.scrollHeight - this.element.scrollTop;
    try {
      const page = await this.fetch(this.next);
      this.next = page.next;
      page.items.forEach((message) => this.insert(message));
    } catch (failure) {
      this.earlier.append(alertBox(failure));
      return;
    }
    this.draw(false);
    this.element.scrollTop = this.element.scrollHeight - fromEnd;
    this.element.focus();
  }

  private isAtEnd(): boolean {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 80;
  }

  private draw(toEnd: boolean): void {
    this.drawEarlier();
    const mine = this.outgoing.filter((message) => message.conversation === this.conversation);
    const rows: HTMLElement[] = [];
    let before: Message | undefined;
    for (const message of this.messages) {
      rows.push(...this.rowsOf(message, before));
      before = message;
    }
    rows.push(...mine.map((message) => this.pendingRow(message)));
    this.list.replaceChildren(...rows);
    if (this.loaded && rows.length === 0) {
      this.list.append(h("li", { class: "empty quiet" }, "No messages yet. Write the first one."));
    }
    if (toEnd) this.toEnd();
  }

  private drawEarlier(): void {
    this.earlier.replaceChildren();
    if (this.trouble) this.earlier.append(this.trouble);
    else if (!this.loaded) this.earlier.append(h("p", { class: "quiet" }, "Loading…"));
    else if (this.next) {
      const button = h(
        "button",
        { class: "compact", on: { click: () => void busy(button, () => this.loadEarlier()) } },
        "Earlier messages",
      );
      this.earlier.append(button);
    }
  }

  private rowsOf(message: Message, before: Message | undefined): HTMLElement[] {
    const rows: HTMLElement[] = [];
    const day = dayOf(message.created_at);
    const isNewDay = !before || dayOf(before.created_at) !== day;
    if (isNewDay) rows.push(h("li", { class: "day" }, day));
    const isSame =
      !isNewDay &&
      before?.sender.id === message.sender.id &&
      Date.parse(message.created_at) - Date.parse(before.created_at) < SAME_SENDER_MS;
    rows.push(
      h(
        "li",
        { class: isSame ? "message same" : "message", attributes: { "data-id": message.id } },
        h(
          "span",
          { class: "face", attributes: { "aria-hidden": "true" } },
          initials(message.sender.display_name),
        ),
        h(
          "div",
          { class: "content" },
          h(
            "p",
            { class: "by" },
            h("strong", {}, message.sender.display_name),
            h(
              "time",
              { attributes: { datetime: message.created_at, title: dateTime(message.created_at) } },
              clockTime(message.created_at),
            ),
          ),
          message.text
            ? h(
                "p",
                { class: "text" },
                message.text,
                message.edited_at && h("span", { class: "quiet small" }, " (edited)"),
              )
            : h("p", { class: "text quiet" }, "This message was deleted."),
        ),
      ),
    );
    return rows;
  }

  private pendingRow(message: Outgoing): HTMLElement {
    const state = message.fault
      ? h(
          "p",
          { class: "fault" },
          `Not sent (${message.fault}). `,
          h("button", { class: "link", on: { click: () => this.retry(message) } }, "Try again"),
        )
      : h("p", { class: "quiet small" }, "Sending…");
    return h(
      "li",
      { class: "message pending" },
      h("div", { class: "content" }, h("p", { class: "text" }, message.text), state),
    );
  }
}
