/* The messenger: conversations on the left, one of them open, everything kept up to date by the
 * live connection. */

import { alertBox, api, goToLogin, isSignedOut, Problem, signOut, whoAmI } from "./api";
import { cancelButton, openDialog } from "./dialog";
import { busy, byId, field, h, replace } from "./dom";
import { showSource } from "./footer";
import { initials } from "./format";
import { History, type Outgoing } from "./history";
import { Live, type Frame } from "./live";
import { showNotice } from "./notice";
import type { Conversation, Message, Page, SignedIn, User } from "./types";

const MAX_TEXT = 8000;

class Messenger {
  private conversations: Conversation[] = [];
  private open: Conversation | null = null;
  private history: History | null = null;
  private outgoing: Outgoing[] = [];
  private readonly drafts = new Map<string, string>();
  private readonly live: Live;

  private readonly chat = h("div", { class: "chat" });
  private readonly list = h("ul", { class: "list" });
  private readonly state = h("span", { class: "state", attributes: { role: "status" } }, "Connecting…");
  private readonly talk = h("main", { class: "talk", id: "content" });
  private readonly text = h("textarea", {
    id: "text",
    attributes: { rows: 1, maxlength: MAX_TEXT, "aria-label": "Message", placeholder: "Write a message" },
  });

  constructor(private readonly me: SignedIn) {
    this.live = new Live({
      opened: (isFresh) => this.opened(isFresh),
      event: (frame) => this.event(frame),
      resync: () => void this.reload(),
      waiting: (seconds) => this.waiting(seconds),
      ended: (reason) => this.end(reason),
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.send();
      }
    });
    this.text.addEventListener("input", () => this.fitText());
  }

  start(): void {
    this.drawFrame();
    this.live.start();
  }

  private end(reason: string): void {
    this.conversations = [];
    this.outgoing = [];
    this.drafts.clear();
    this.history = null;
    this.text.value = "";
    showNotice(reason);
  }

  private drawFrame(): void {
    const mayManage = (this.me.user.roles ?? []).some((role) => role === "creator" || role === "admin");
    const leave = h(
      "button",
      { class: "compact", on: { click: () => void busy(leave, () => this.leave()) } },
      "Sign out",
    );
    const start = h(
      "button",
      { class: "compact", on: { click: () => void this.choosePerson() } },
      "New",
      h("span", { class: "unseen" }, " message"),
    );
    replace(
      this.chat,
      h(
        "nav",
        { class: "side", attributes: { "aria-label": "Conversations" } },
        h("div", { class: "side-head" }, h("h2", {}, "Conversations"), start),
        this.list,
      ),
      this.talk,
    );
    replace(
      byId("app"),
      h(
        "header",
        { class: "bar" },
        h(
          "span",
          { class: "where" },
          h("img", {
            class: "mark",
            attributes: { src: "/assets/icon.svg", width: 28, height: 28, alt: "" },
          }),
          this.me.org.name,
        ),
        this.state,
        h("span", { class: "who small" }, this.me.user.display_name),
        mayManage && h("a", { class: "small", attributes: { href: "/console" } }, "Console"),
        leave,
      ),
      this.chat,
    );
  }

  private async leave(): Promise<void> {
    try {
      await signOut();
    } catch (failure) {
      const dialog = openDialog("You are still signed in", alertBox(failure));
      dialog.body.append(
        h(
          "div",
          { class: "row end" },
          cancelButton(() => dialog, "Close"),
        ),
      );
    }
  }

  private async reload(): Promise<void> {
    try {
      const page = await api<Page<Conversation>>("GET", "/api/v1/conversations?limit=200");
      this.conversations = page.items;
      const open = page.items.find((item) => item.id === this.open?.id) ?? page.items[0] ?? null;
      this.drawList();
      if (open && open.id === this.open?.id) await this.history?.load();
      else if (open) this.show(open, false);
      else
        replace(
          this.talk,
          h("p", { class: "quiet start" }, "You are in no conversation yet. Start one with “New”."),
        );
    } catch (failure) {
      if (isSignedOut(failure)) this.live.end("session.revoked");
      else
        replace(
          this.talk,
          h("div", { class: "log" }, alertBox(failure, "The conversations could not be loaded.")),
        );
    }
  }

  private drawList(): void {
    this.list.replaceChildren(
      ...this.conversations.map((conversation) => {
        const unread = conversation.unread ?? 0;
        const isOpen = conversation.id === this.open?.id;
        const isGroup = conversation.kind === "group";
        return h(
          "li",
          {},
          h(
            "button",
            {
              attributes: {
                "aria-current": isOpen ? "true" : undefined,
                "data-conversation": conversation.id,
              },
              on: { click: () => this.show(conversation, true) },
            },
            h(
              "span",
              { class: isGroup ? "face group" : "face", attributes: { "aria-hidden": "true" } },
              isGroup ? "#" : initials(conversation.name),
            ),
            h("span", { class: "name" }, conversation.name),
            unread > 0 &&
              h(
                "span",
                { class: "count" },
                unread > 99 ? "99+" : String(unread),
                h("span", { class: "unseen" }, " unread"),
              ),
          ),
        );
      }),
    );
  }

  /* `chosen`: by the person, so a small screen goes to the conversation and the focus to its field. */
  private show(conversation: Conversation, chosen: boolean): void {
    if (this.open) this.drafts.set(this.open.id, this.text.value);
    this.open = conversation;
    conversation.unread = 0;
    const history = new History(conversation.id, this.outgoing, (message) => this.transmit(message));
    this.history = history;
    this.text.value = this.drafts.get(conversation.id) ?? "";
    const back = h(
      "button",
      { class: "compact back", on: { click: () => this.showConversations() } },
      "‹ All",
    );
    replace(
      this.talk,
      h("div", { class: "talk-head" }, back, h("h1", {}, conversation.name)),
      this.history.element,
      h(
        "form",
        { class: "compose", on: { submit: (event) => (event.preventDefault(), this.send()) } },
        this.text,
        h("button", { class: "primary", attributes: { type: "submit" } }, "Send"),
      ),
    );
    this.chat.classList.toggle("talking", chosen);
    this.drawList();
    this.fitText();
    void history.load().then(() => {
      if (history === this.history && history.last) this.markRead(history.last);
    });
    if (chosen) this.text.focus();
  }

  private showConversations(): void {
    this.chat.classList.remove("talking");
    this.list.querySelector<HTMLElement>("[aria-current]")?.focus();
  }

  private fitText(): void {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  private send(): void {
    const text = this.text.value.trim();
    if (!text || !this.open) return;
    this.text.value = "";
    this.fitText();
    const message: Outgoing = {
      nonce: crypto.randomUUID(),
      conversation: this.open.id,
      text,
      command: null,
      messageId: null,
      fault: null,
    };
    this.outgoing.push(message);
    this.transmit(message);
    this.history?.toEnd();
  }

  /* The nonce makes repeating safe: the server keeps one message per nonce. */
  private transmit(message: Outgoing): void {
    message.fault = null;
    message.command = this.live.command({
      type: "send",
      conversation: message.conversation,
      text: message.text,
      nonce: message.nonce,
    });
    this.history?.refresh();
  }

  /* What is loaded after a fresh hello lacks nothing: later events come over the connection. */
  private opened(isFresh: boolean): void {
    this.showState(true, "Connected");
    if (isFresh) void this.reload();
    for (const message of this.outgoing) {
      if (!message.fault && !message.messageId) this.transmit(message);
    }
  }

  /* Without a connection there is still something to read. */
  private waiting(seconds: number): void {
    this.showState(false, `Reconnecting in ${Math.max(1, Math.round(seconds))} s…`);
    if (!this.open) void this.reload();
  }

  private showState(isOn: boolean, words: string): void {
    this.state.className = isOn ? "state on" : "state off";
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  private event(frame: Frame): void {
    if (frame.type === "ack" || frame.type === "error") this.answered(frame);
    else if (frame.type === "message.created" && isMessage(frame.message)) this.received(frame.message);
    else if (
      isMessage(frame.message) &&
      (frame.type === "message.edited" || frame.type === "message.deleted")
    ) {
      if (frame.message.conversation === this.open?.id) this.history?.change(frame.message);
    } else if (frame.type.startsWith("group.") || frame.type.startsWith("conversation.")) void this.reload();
  }

  private answered(frame: Frame): void {
    const message = this.outgoing.find((item) => item.command !== null && item.command === frame.id);
    if (!message) return;
    message.command = null;
    if (frame.type === "error") message.fault = frame.code ?? "error";
    else message.messageId = frame.message?.id ?? "";
    if (frame.type === "ack" && isMessage(frame.message)) this.received(frame.message);
    else this.history?.refresh();
  }

  private received(message: Message): void {
    const known = this.conversations.find((item) => item.id === message.conversation);
    if (!known) {
      void this.reload();
      return;
    }
    if (message.sender.id === this.me.user.id) this.settle(message);
    if (known.id === this.open?.id) {
      this.history?.add(message);
      this.markRead(message);
    } else if (message.sender.id !== this.me.user.id) {
      known.unread = (known.unread ?? 0) + 1;
      this.drawList();
    }
  }

  /* Only what is on the screen has been read; nobody waits for the answer. */
  private markRead(message: Message): void {
    if (document.visibilityState !== "visible" || message.sender.id === this.me.user.id) return;
    this.live.command({ type: "read", conversation: message.conversation, seq: message.seq });
  }

  /* The event may come before the ack that names the message. */
  private settle(message: Message): void {
    const at = this.outgoing.findIndex(
      (item) =>
        item.messageId === message.id ||
        (!item.messageId &&
          !item.fault &&
          item.conversation === message.conversation &&
          item.text === message.text),
    );
    if (at >= 0) this.outgoing.splice(at, 1);
    this.history?.refresh();
  }

  private async choosePerson(): Promise<void> {
    const people = h("ul", { class: "people" });
    const search = h("input", { attributes: { type: "search", autocomplete: "off" } });
    const trouble = h("div");
    const dialog = openDialog("New message", field("Search people", search), people, trouble);
    dialog.body.append(
      h(
        "div",
        { class: "row end" },
        cancelButton(() => dialog),
      ),
    );
    const pick = async (user: User): Promise<void> => {
      try {
        const conversation = await api<Conversation>("POST", "/api/v1/conversations", {
          kind: "direct",
          user_id: user.id,
        });
        dialog.close();
        if (!this.conversations.some((item) => item.id === conversation.id))
          this.conversations.push(conversation);
        this.show(this.conversations.find((item) => item.id === conversation.id) ?? conversation, true);
      } catch (failure) {
        replace(trouble, alertBox(failure));
      }
    };
    const find = async (): Promise<void> => {
      const wanted = search.value.trim();
      try {
        const query = new URLSearchParams({ limit: "50", ...(wanted && { filter: wanted }) });
        const page = await api<Page<User>>("GET", `/api/v1/users?${query}`);
        if (search.value.trim() !== wanted) return;
        const others = page.items.filter((user) => user.state === "active" && user.id !== this.me.user.id);
        people.replaceChildren(
          ...others.map((user) =>
            h(
              "li",
              {},
              h(
                "button",
                { attributes: { type: "button" }, on: { click: () => void pick(user) } },
                h(
                  "span",
                  { class: "face", attributes: { "aria-hidden": "true" } },
                  initials(user.display_name),
                ),
                user.display_name,
              ),
            ),
          ),
        );
        if (others.length === 0)
          people.append(
            h("li", { class: "empty" }, wanted ? "Nobody with that name." : "Nobody else is here yet."),
          );
      } catch (failure) {
        replace(trouble, alertBox(failure));
      }
    };
    let pause = 0;
    search.addEventListener("input", () => {
      window.clearTimeout(pause);
      pause = window.setTimeout(() => void find(), 200);
    });
    await find();
  }
}

function isMessage(message: Partial<Message> | undefined): message is Message {
  return (
    typeof message?.id === "string" &&
    typeof message.text === "string" &&
    typeof message.conversation === "string" &&
    message.sender !== undefined
  );
}

async function start(): Promise<void> {
  void showSource();
  try {
    new Messenger(await whoAmI()).start();
  } catch (failure) {
    if (isSignedOut(failure)) goToLogin();
    else if (failure instanceof Problem)
      replace(byId("app"), h("main", { class: "content-wide" }, alertBox(failure)));
    else throw failure;
  }
}

void start();
