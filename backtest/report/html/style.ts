/** The page's look: one column of sections, light or dark as the reader's system is. */
import { Markup } from './markup.ts';

export const STYLE = new Markup(`
:root { color-scheme: light dark; --text: #1c2430; --soft: #647084; --page: #f6f7f9; --card: #fff; --rule: #e1e5eb;
  --line: #2f6fde; --gain: #0f8a6d; --loss: #cf4a3c; --short: #d9861a; --up: #6fa99b; --down: #c58b84; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --soft: #96a1b3; --page: #11151b; --card: #1a2029;
  --rule: #2c3542; --line: #6ea3ff; --gain: #35c49d; --loss: #f07b6c; --short: #f0a94a; --up: #4b8f7e; --down: #a8645b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 0 0 .6rem; font-size: 1rem; }
.under { margin: .2rem 0 1.2rem; color: var(--soft); }
.card, figure { margin: 0 0 1rem; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; }
.notices { border-left: 4px solid var(--loss); } .notices ul { margin: 0; padding-left: 1.1rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem; margin: 0 0 1rem; }
.tiles div { padding: .7rem 1rem; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
.tiles dt { color: var(--soft); font-size: .82rem; } .tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; }
.gain { color: var(--gain); } .loss { color: var(--loss); }
figcaption { margin-bottom: .7rem; } figcaption span { color: var(--soft); font-size: .85rem; }
.zoom { --zoom: 1; --tall: 1; } .scroller { overflow-x: auto; margin: 0 0 1rem; } .scroller figure { width: calc(100% * var(--zoom)); }
.scroller figure:last-child { margin: 0; } .scroller:focus-visible { outline: 2px solid var(--line); outline-offset: 2px; }
.scroller figcaption { position: sticky; left: 1rem; width: fit-content; max-width: calc(100% / var(--zoom) - 1rem); }
fieldset { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 1rem; padding: .5rem 1rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: 8px; }
fieldset span { color: var(--soft); font-size: .85rem; } fieldset input { margin: 0 .4rem 0 0; accent-color: var(--line); }
.z4, .z16 { display: none; }
.zoom:has([value="4"]:checked) { --zoom: 4; --tall: 1.4; } .zoom:has([value="16"]:checked) { --zoom: 16; --tall: 1.8; }
.zoom:has([value="4"]:checked) :is(.z1, .z16), .zoom:has([value="16"]:checked) :is(.z1, .z4) { display: none; }
.zoom:has([value="4"]:checked) .z4, .zoom:has([value="16"]:checked) .z16 { display: inline; }
.pair { display: grid; grid-template-columns: minmax(0, var(--in)) minmax(0, var(--out)); gap: 0 1rem; }
.remarks { margin: .8rem 0 0; padding-left: 1.1rem; font-size: .9rem; }
.plot { position: relative; display: flex; height: calc(var(--height) * var(--tall, 1)); margin: 0 0 1.5rem; }
.plot svg { flex: 1 1 0; min-width: 0; height: 100%; overflow: hidden; }
.y { position: sticky; right: 0; flex: 0 0 4.6rem; } .x { position: absolute; inset: 100% 4.6rem auto 0; }
.scroller .y { right: 0; background: var(--card); box-shadow: 0 1.4rem var(--card); }
.plot path { vector-effect: non-scaling-stroke; fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.plot .grid { stroke: var(--rule); stroke-width: 1; } .plot .base { stroke: var(--soft); stroke-dasharray: 4 4; stroke-width: 1; }
.plot .line { stroke: var(--line); } .plot .line.loss { stroke: var(--loss); }
.plot .area { fill: var(--line); opacity: .1; stroke: none; } .plot .sunk { fill: var(--loss); opacity: .2; stroke: none; }
.plot .wick { stroke-width: 1; } .plot .body { stroke-width: 1; }
.plot .up { stroke: var(--up); } .plot .down { stroke: var(--down); } .plot .body.up { fill: var(--up); } .plot .body.down { fill: var(--down); }
.plot .held.gain, .plot .ring.gain { stroke: var(--gain); } .plot .held.loss, .plot .ring.loss { stroke: var(--loss); }
.plot .dot, .plot .ring, .plot .hole { stroke-linecap: round; } .plot .dot { stroke: var(--line); stroke-width: 5; }
.plot .ring { stroke-width: 6; } .plot .hole { stroke: var(--card); stroke-width: 2.5; }
.plot .dot.short { stroke: var(--short); } .crowded .hole { display: none; }
.plot .crowded .held { stroke-width: 1; } .plot .crowded .dot, .plot .crowded .ring { stroke-width: 3; }
.plot .held { stroke-width: 1.25; opacity: .75; }
.plot .crowded .held { opacity: .55; } .plot .crowded .dot, .plot .crowded .ring { opacity: .8; }
.plot .bar { stroke: none; } .plot .bar.gain { fill: var(--gain); } .plot .bar.loss { fill: var(--loss); }
.x span, .y span { position: absolute; color: var(--soft); font-size: .75rem; white-space: nowrap; }
.x span { top: .25rem; transform: translateX(-50%); } .x .first { transform: none; }
.y span { left: .5rem; transform: translateY(-50%); }
.figures { columns: 21rem; column-gap: 1rem; } .figures .card { break-inside: avoid; }
.figures table { width: 100%; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
.wide table { width: 100%; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 500; } tr:last-child td { border-bottom: 0; }
.l { text-align: left; } tfoot td { font-weight: 600; border-top: 2px solid var(--rule); }
.figures td:first-child { padding-left: 0; } .figures td:last-child { padding-right: 0; }
.heat th, .heat td { width: 7%; min-width: 3.7rem; }
.heat td.filled { background: color-mix(in srgb, var(--hue) var(--heat), transparent); }
.tag { white-space: normal; min-width: 11rem; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; } details > :nth-child(2) { margin-top: .6rem; }
pre { margin: 0; overflow-x: auto; font-size: .85rem; }
footer { color: var(--soft); font-size: .82rem; }
@media (max-width: 600px) { .x span:nth-child(even) { display: none; } .y { flex-basis: 3.6rem; } .x { right: 3.6rem; } .pair { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: 1fr 1fr; } }
@media print { body { background: none; } fieldset { display: none; } details { display: none; } }
`);
