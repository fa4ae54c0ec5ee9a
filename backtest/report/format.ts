/** Figures as people read them, alike on the terminal and in the page. */
import type { Summary } from '../metrics.ts';
import type { Point } from '../optimise/space.ts';

/** What stands for a figure that a run is too short for. */
export const NOT_AVAILABLE = 'n/a';

/** `12.34 %` of 0.1234. */
export function percent(share: number | null, places = 2): string {
  return share === null ? NOT_AVAILABLE : `${plain(share * 100, places)} %`;
}

/** By places: making one takes longer than using it a hundred times. */
const formats = new Map<number, Intl.NumberFormat>();
const priceFormat = new Intl.NumberFormat('en-US', { maximumFractionDigits: 8 });

/** `1,234.50`, never `-0.00`. */
export function plain(value: number | null, places = 2): string {
  if (value === null) return NOT_AVAILABLE;
  let format = formats.get(places);
  if (format === undefined) {
    format = new Intl.NumberFormat('en-US', {
      minimumFractionDigits: places,
      maximumFractionDigits: places,
      signDisplay: 'negative',
    });
    formats.set(places, format);
  }
  return format.format(value);
}

/** Writes amounts of the run's quote: to the cent, and finer where the start balance is small (1 BTC). */
export type Money = (amount: string | number | null) => string;

export function moneyOf(summary: Pick<Summary, 'startBalance'>): Money {
  const digits = Math.floor(Math.log10(Number(summary.startBalance)));
  const places = Math.min(8, Math.max(2, 6 - digits));
  return (amount) => plain(amount === null ? null : Number(amount), places);
}

/** `2 d 03:15`, `03:15`, and seconds only under a minute: `42 s`. */
export function duration(ms: number | null): string {
  if (ms === null) return NOT_AVAILABLE;
  if (ms > 0 && ms < 60_000) return `${plain(ms / 1000, 0)} s`;
  const minutes = Math.round(ms / 60_000);
  const days = Math.floor(minutes / 1440);
  const clock = [Math.floor((minutes % 1440) / 60), minutes % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return days === 0 ? clock : `${String(days)} d ${clock}`;
}

/** `2024-12-02 09:30`, UTC; `–` for null. */
export function time(at: number | null): string {
  return at === null ? '–' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** A price as it is told, with the places it has and no more than eight. */
export function price(value: string | number | null): string {
  if (value === null) return '–';
  return priceFormat.format(Number(value));
}

/** A tag as one line of text: control characters, which could move a terminal's cursor, are taken out. */
export function tagText(tag: string | null): string {
  const text = (tag ?? '').replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return text === '' ? '(none)' : text;
}

/** `fast=10 slow=30`: a set of parameters. */
export function pointText(point: Point): string {
  return Object.entries(point)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
