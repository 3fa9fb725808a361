/* Times and durations for people. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export function clockTime(at: string): string {
  return clock.format(new Date(at));
}

export function dateTime(at: string | null | undefined): string {
  return at ? both.format(new Date(at)) : "–";
}

export function dateOnly(at: string | null | undefined): string {
  return at ? date.format(new Date(at)) : "–";
}

export function dayOf(at: string): string {
  return dayName.format(new Date(at));
}

/* Date knows milliseconds only; receipts are about less. */
export function milliseconds(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from) + (microseconds(to) - microseconds(from)) / 1000;
}

function microseconds(at: string): number {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? "";
  return Number(fraction.padEnd(6, "0").slice(3, 6));
}

export function ms(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ms`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).slice(0, 2);
  return words.map((word) => Array.from(word)[0]?.toUpperCase() ?? "").join("") || "?";
}
