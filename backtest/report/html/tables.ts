/** The tables of a report as HTML. */
import type { PeriodReturn } from '../../metrics/returns.ts';
import { percent } from '../format.ts';
import type { TextTable } from '../tables.ts';
import { html, type Markup } from './markup.ts';

/** A table without its title, in a box that scrolls sideways where it is too wide. */
export function drawTable({ labels, headings, rows, total }: TextTable): Markup {
  const cell = (text: string, column: number): Markup =>
    column < labels
      ? html`<td class="l ${text.length > 24 ? 'tag' : ''}">${text}</td>`
      : html`<td>${text}</td>`;
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          ${headings.map((heading, column) =>
            column < labels ? html`<th class="l">${heading}</th>` : html`<th>${heading}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr> `,
        )}
      </tbody>
      ${
        total === undefined
          ? ''
          : html`<tfoot>
              <tr>
                ${total.map(cell)}
              </tr>
            </tfoot>`
      }
    </table>
  </div>`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Years down, months across, each cell the stronger coloured the more it won or lost. */
export function monthlyTable(
  months: readonly PeriodReturn[],
  years: readonly PeriodReturn[],
): Markup {
  const returns = new Map(months.map((month) => [month.from, month.return]));
  const strongest = Math.max(...months.map((month) => Math.abs(month.return)), 1e-9);
  const cell = (value: number | undefined): Markup => {
    if (value === undefined) return html`<td></td>`;
    const heat = Math.round((Math.abs(value) / strongest) * 70);
    return html`<td
      class="filled"
      style="--hue:var(--${value < 0 ? 'loss' : 'gain'});--heat:${heat}%"
    >
      ${percent(value, 1)}
    </td>`;
  };
  return html`<div class="wide">
    <table class="heat">
      <thead>
        <tr>
          <th class="l">Year</th>
          ${MONTHS.map((month) => html`<th>${month}</th>`)}
          <th>Year</th>
        </tr>
      </thead>
      <tbody>
        ${years.map((row) => {
          const year = new Date(row.from).getUTCFullYear();
          return html`<tr>
            <td class="l">${String(year)}</td>
            ${MONTHS.map((_, month) => cell(returns.get(Date.UTC(year, month))))}
            <td class="${row.return < 0 ? 'loss' : 'gain'}">${percent(row.return, 1)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
