/* The live connection: one WebSocket, reopened after a loss with growing, jittered pauses and
 * resumed where it broke off, never reopened once access is withdrawn. */

import { api, isSignedOut } from "./api";
import type { Message } from "./types";

export interface Frame {
  type: string;
  id?: string;
  seq?: number;
  resume?: string;
  code?: string;
  message?: Partial<Message>;
}

export interface LiveListener {
  /* After hello. Fresh: without a position, so what was loaded before may lack events. */
  opened(isFresh: boolean): void;
  event(frame: Frame): void;
  resync(): void; /* events are missing: load everything again */
  waiting(seconds: number): void;
  ended(reason: string): void; /* for good */
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const PING_EVERY_MS = 25_000;
const ANSWER_WITHIN_MS = 10_000;

export class Live {
  private socket: WebSocket | null = null;
  private resume: string | null = null;
  private isFresh = true;
  private lastSeq = 0;
  private failures = 0;
  private isOpen = false;
  private isEnded = false;
  private commands = 0;
  private pauseTimer = 0;
  private pingTimer = 0;
  private deadline = 0;

  constructor(private readonly listener: LiveListener) {
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
  }

  start(): void {
    if (this.isEnded || this.socket) return;
    window.clearTimeout(this.pauseTimer);
    const url = new URL("/api/v1/live", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.isFresh = this.resume === null;
    if (this.resume !== null) url.searchParams.set("resume", this.resume);
    const socket = new WebSocket(url, "gatehouse.v1");
    this.socket = socket;
    socket.addEventListener("message", (event) => {
      if (socket === this.socket && typeof event.data === "string") this.receive(event.data);
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.socket) void this.closed(event.code, event.reason);
    });
    this.expectAnswer();
  }

  /* The id that ack or error will carry; null while not connected. */
  command(frame: Record<string, unknown>): string | null {
    if (!this.isOpen || !this.socket) return null;
    this.commands += 1;
    const id = `c${this.commands}`;
    this.socket.send(JSON.stringify({ ...frame, id }));
    return id;
  }

  end(reason: string): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.drop();
    this.listener.ended(reason);
  }

  private receive(data: string): void {
    window.clearTimeout(this.deadline);
    let frame: Frame;
    try {
      frame = JSON.parse(data) as Frame;
    } catch {
      this.lost(FIRST_PAUSE_MS);
      return;
    }
    if (frame.type === "hello") {
      this.hello(frame);
      return;
    }
    if (frame.type === "resync") {
      this.moveTo(frame.seq ?? 0);
      this.listener.resync();
      return;
    }
    if (frame.type !== "ack" && frame.type !== "error" && frame.seq !== undefined) {
      if (frame.seq <= this.lastSeq) return; /* here already, before the connection was resumed */
      this.moveTo(frame.seq);
    }
    this.listener.event(frame);
  }

  private hello(frame: Frame): void {
    this.isOpen = true;
    this.failures = 0;
    this.moveTo(frame.seq ?? 0);
    this.resume = frame.resume ?? this.resume;
    this.schedulePing();
    this.listener.opened(this.isFresh);
  }

  private moveTo(seq: number): void {
    this.lastSeq = seq;
    this.resume = String(seq);
  }

  private schedulePing(): void {
    window.clearInterval(this.pingTimer);
    this.pingTimer = window.setInterval(() => this.ping(), PING_EVERY_MS);
  }

  private ping(): void {
    if (this.command({ type: "ping" })) this.expectAnswer();
  }

  /* A connection that died without a word is found by its silence. */
  private expectAnswer(): void {
    window.clearTimeout(this.deadline);
    this.deadline = window.setTimeout(() => this.lost(FIRST_PAUSE_MS), ANSWER_WITHIN_MS);
  }

  private async closed(code: number, reason: string): Promise<void> {
    const wasOpen = this.isOpen;
    this.drop();
    if (code === 4401) {
      this.end(reason || "session.revoked");
      return;
    }
    if (code === 4409) {
      this.resume = null;
      this.lost(FIRST_PAUSE_MS);
      return;
    }
    /* A refused upgrade looks like any other failure here; asking tells them apart. */
    if (!wasOpen && (await this.hasSignedOut())) {
      this.end("session.revoked");
      return;
    }
    this.lost(code === 4429 ? 10_000 : code === 1013 ? 1_000 : FIRST_PAUSE_MS);
  }

  private async hasSignedOut(): Promise<boolean> {
    try {
      await api("GET", "/api/v1/me");
      return false;
    } catch (failure) {
      return isSignedOut(failure);
    }
  }

  /* Half of each pause is chance, so that a restarted server is not met by everybody at once. */
  private lost(firstMs: number): void {
    this.drop();
    if (this.isEnded) return;
    const most = Math.min(LONGEST_PAUSE_MS, firstMs * 2 ** this.failures);
    const pause = most / 2 + (Math.random() * most) / 2;
    this.failures += 1;
    this.listener.waiting(pause / 1000);
    window.clearTimeout(this.pauseTimer);
    this.pauseTimer = window.setTimeout(() => this.start(), pause);
  }

  private hurry(): void {
    if (this.isOpen) this.ping();
    else if (!this.socket) this.start();
  }

  private drop(): void {
    window.clearTimeout(this.deadline);
    window.clearInterval(this.pingTimer);
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
  }
}
