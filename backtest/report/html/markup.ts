/** HTML that escapes by itself: what is put into `html` is text, unless it was made by `html` too. */

/** A piece of HTML or SVG that is safe to put into a page. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | number | Markup | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOf(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(textOf).join('');
  return String(content).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A tagged template: html`<td title="${title}">${cell}</td>`. Attributes are to be quoted. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(
    strings.reduce((text, part, index) => {
      const content = contents[index - 1];
      return text + (content === undefined ? '' : textOf(content)) + part;
    }),
  );
}
