/** All there is to know of a strategy before it is run. */
import { getBorderCharacters, table as wrapped } from 'table';
import { feedKey, type Feed, type StrategyClass } from '../../strategies/base-strategy.ts';
import { drawTable } from '../../backtest/report/console.ts';
import { docstringOf } from './docstring.ts';
import { parametersOf, type Parameter } from './parameters.ts';

export interface ShownStrategy {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs of its docstring: what it bets on, when it loses, its source. */
  readonly about: readonly string[];
  readonly file: string | null;
  readonly parameters: readonly Parameter[];
  /** What it asks for by default; null where a parameter has no default. */
  readonly feeds: readonly Feed[] | null;
  readonly example: string;
}

/** @param paths files and folders with strategies of the user's own */
export function describeStrategy(strategy: StrategyClass, paths: readonly string[]): ShownStrategy {
  const { type: name, summary, config } = strategy;
  const docstring = docstringOf(strategy, paths);
  const parameters = parametersOf(strategy);
  const defaults = config.safeParse({});
  const own = paths.length === 0 ? '' : ` --strategy-path ${paths.join(' ')}`;
  return {
    name,
    summary,
    about: docstring?.paragraphs ?? [],
    file: docstring?.file ?? null,
    parameters,
    feeds: defaults.success ? new strategy(defaults.data as never).feeds() : null,
    example: `keel backtest -s ${name}${own} --data FILE${exampleSetting(parameters)} --fee 0.001`,
  };
}

/** Sets the first number to its own default: that is how any is set. */
function exampleSetting(parameters: readonly Parameter[]): string {
  const first = parameters.find((parameter) => typeof parameter.default === 'number');
  return first === undefined ? '' : ` --set ${first.name}=${String(first.default)}`;
}

export function showText(shown: ShownStrategy, width: number): string {
  const { name, summary, about, file, parameters, feeds, example } = shown;
  return [
    `${name}: ${summary}`,
    ...about.map((paragraph) => wrapText(paragraph, width)),
    drawTable(
      {
        title: 'Parameters',
        labels: 5,
        headings: ['Name', 'Type', 'Default', 'Range', 'What'],
        rows: parameters.map((parameter) => [
          parameter.name,
          parameter.type,
          defaultText(parameter.default),
          parameter.range,
          parameter.description,
        ]),
      },
      width,
    ),
    [
      ...(feeds ?? []).map(
        (feed) => `Bars: ${feedKey(feed)}, and ${String(feed.warmup)} before the first it acts on`,
      ),
      ...(feeds === null ? ['Bars: as its parameters say; not all have a default'] : []),
      file === null
        ? `File: not found, nor a comment on it: write static type = '${name}' in one class`
        : `File: ${file}${about.length === 0 ? ', without a comment above its class' : ''}`,
      `Example: ${example}`,
    ].join('\n'),
  ].join('\n\n');
}

function defaultText(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ');
}

/** Lines of whole words. */
function wrapText(text: string, width: number): string {
  return wrapped([[text]], {
    border: getBorderCharacters('void'),
    columns: [{ width, wrapWord: true, paddingLeft: 0, paddingRight: 0 }],
    drawHorizontalLine: () => false,
    drawVerticalLine: () => false,
  })
    .replaceAll(/ +$/gm, '')
    .trimEnd();
}
