/**
 * Charts over one time that are seen closer together: all lie in one box that scrolls sideways and are as wide as
 * the zoom makes them. Style alone, no script: radio buttons choose the zoom, arrow keys move the box.
 */
import { html, type Markup } from './markup.ts';

/** How much wider than the page the charts may be. */
export const ZOOMS = [1, 4, 16] as const;
export type Zoom = (typeof ZOOMS)[number];

/** The class of what is to be seen at these zooms only. */
export function zoomClass(...zooms: readonly Zoom[]): string {
  return zooms.map((zoom) => `z${String(zoom)}`).join(' ');
}

export function zoomable(charts: readonly Markup[]): Markup {
  return html`<section class="zoom">
    <fieldset>
      <legend>Time shown</legend>
      ${ZOOMS.map(
        (zoom) =>
          html`<label
            ><input
              type="radio"
              name="zoom"
              value="${zoom}"
              ${zoom === 1 ? html`checked` : ''}
            />${zoom === 1 ? 'all' : `1/${String(zoom)}`}</label
          >`,
      )}
      <span>arrow keys choose; after Tab they move the charts</span>
    </fieldset>
    <div class="scroller" tabindex="0" role="region" aria-label="Charts over time">${charts}</div>
  </section>`;
}
