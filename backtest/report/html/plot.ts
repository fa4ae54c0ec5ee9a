/**
 * The frame of a chart: axes, grid and labels. Shapes are SVG stretched to the width there is; labels are HTML
 * beside it, so that they stay readable on a phone. No script: the page is the same printed.
 */
import { DAY_MS } from '../../metrics/returns.ts';
import { html, type Markup } from './markup.ts';
import { type Zoom, zoomClass, ZOOMS } from './zoom.ts';

/** Every plot is this wide in its own units, whatever it is on the screen. */
export const PLOT_WIDTH = 1000;

/** Where values lie between 0 and 1000 (x) or the height and 0 (y: upwards). */
export type Scale = (value: number) => number;

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly Tick[];
}

const LEAST_TICKS = 3;
/** Of the largest value: far more than sums of doubles are off. */
const FLAT = 1e-9;
/** Times a power of ten. */
const ROUND_STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1];

/** Round numbers between the ends, three or more where that can be, in steps of 1, 2 or 5 of a power of ten; about `count` of them. */
export function valueAxis(
  lowest: number,
  highest: number,
  labelOf: (value: number, step: number) => string,
  count = 4,
): Axis {
  const largest = Math.max(Math.abs(lowest), Math.abs(highest));
  // A line that is flat but for rounding gets room around it: no step could count through what it rounds.
  const isFlat = highest - lowest <= FLAT * largest;
  const room = isFlat ? largest * 0.05 || 1 : (highest - lowest) * 0.05;
  const [from, to] = [lowest - room, highest + room];
  const raw = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = ROUND_STEPS.map((factor) => factor * power);
  const widest = steps.findLastIndex((step) => step >= raw);
  const countOf = (step: number): number => Math.floor(to / step) - Math.ceil(from / step) + 1;
  // Where the ends lie badly the widest leaves so few that nobody can read a value between them.
  const step =
    steps.slice(widest).find((one) => countOf(one) >= LEAST_TICKS) ?? (steps[widest] || power);
  const ticks: Tick[] = [];
  for (let index = Math.ceil(from / step); index * step <= to; index += 1) {
    ticks.push({ value: index * step, label: labelOf(index * step, step) });
  }
  return { from, to, ticks };
}

/** Decimal places in which multiples of a step differ. */
export function placesOf(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const STEPS_MS = [
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  3 * DAY_MS,
  7 * DAY_MS,
  14 * DAY_MS,
];
const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];
/** In the width of the page. */
const MOST_TIME_TICKS = 7;

function tickLabel(at: number, step: number): string {
  const text = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(at);
  if (step >= DAY_MS || at % DAY_MS === 0) return text({ day: 'numeric', month: 'short' });
  return text({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** Round UTC times from minutes to years between the ends, at most seven times the zoom. */
export function timeAxis(from: number, to: number, zoom: Zoom = 1): Axis {
  const most = MOST_TIME_TICKS * zoom;
  const step = STEPS_MS.find((candidate) => (to - from) / candidate <= most);
  const ticks: Tick[] = [];
  if (step !== undefined) {
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      ticks.push({ value: at, label: tickLabel(at, step) });
    }
    return { from, to, ticks };
  }
  const length = (to - from) / (30.44 * DAY_MS);
  const months = STEPS_MONTHS.find((candidate) => length / candidate <= most) ?? 240;
  const first = new Date(from).getUTCFullYear();
  for (let month = 0; Date.UTC(first, month) <= to; month += months) {
    const at = Date.UTC(first, month);
    const label = new Intl.DateTimeFormat('en-US', {
      timeZone: 'UTC',
      year: 'numeric',
      ...(months < 12 ? { month: 'short' } : {}),
    }).format(at);
    if (at >= from) ticks.push({ value: at, label });
  }
  return { from, to, ticks };
}

export interface Plot {
  readonly title: string;
  /** What the marks mean, in words. */
  readonly note?: string;
  /** In CSS pixels, and in the units of y. */
  readonly height: number;
  readonly x: Axis;
  /** The times to label where it can be zoomed, for every zoom; else the ticks of `x`. */
  readonly zoomed?: Readonly<Record<Zoom, Axis>>;
  readonly y: Axis;
  readonly shapes: (x: Scale, y: Scale) => Markup;
}

/** `x` and `zoomed` of a plot over time. */
export function zoomedTime(
  from: number,
  to: number,
): Pick<Plot, 'x'> & Required<Pick<Plot, 'zoomed'>> {
  const [x, nearer, nearest] = ZOOMS.map((zoom) => timeAxis(from, to, zoom)) as [Axis, Axis, Axis];
  return { x, zoomed: { 1: x, 4: nearer, 16: nearest } };
}

export function drawPlot({ title, note = '', height, x, zoomed, y, shapes }: Plot): Markup {
  const toX: Scale = (value) => ((value - x.from) / (x.to - x.from)) * PLOT_WIDTH;
  const toY: Scale = (value) => height - ((value - y.from) / (y.to - y.from)) * height;
  const share = (place: number, whole: number): string => `${((place / whole) * 100).toFixed(2)}%`;
  const axes =
    zoomed === undefined
      ? [{ name: '', ticks: x.ticks }]
      : ZOOMS.map((zoom) => ({ name: zoomClass(zoom), ticks: zoomed[zoom].ticks }));
  const level = y.ticks
    .map(({ value }) => `M0 ${coordinate(toY(value))}H${String(PLOT_WIDTH)}`)
    .join('');
  return html`<figure>
    <figcaption><strong>${title}</strong> <span>${note}</span></figcaption>
    <div class="plot" style="--height:${height}px">
      <svg
        viewBox="0 0 ${PLOT_WIDTH} ${height}"
        preserveAspectRatio="none"
        role="img"
        aria-label="${title}"
      >
        <path class="grid" d="${level}" />
        ${axes.map(
          ({ name, ticks }) =>
            html`<path
              class="grid ${name}"
              d="${ticks.map(({ value }) => `M${fine(toX(value))} 0V${String(height)}`).join('')}"
            />`,
        )}
        ${shapes(toX, toY)}
      </svg>
      <div class="y">
        ${y.ticks.map(
          ({ value, label }) =>
            html`<span style="top:${share(toY(value), height)}">${label}</span>`,
        )}
      </div>
      ${axes.map(
        ({ name, ticks }) =>
          html`<div class="x ${name}">
            ${ticks.map(
              ({ value, label }) =>
                html`<span
                  class="${toX(value) < PLOT_WIDTH * 0.03 ? 'first' : ''}"
                  style="left:${share(toX(value), PLOT_WIDTH)}"
                  >${label}</span
                >`,
            )}
          </div>`,
      )}
    </div>
  </figure>`;
}

/** A place in time with the digits that can be seen at the nearest zoom. */
export function fine(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A coordinate with the digits that can be seen. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}
