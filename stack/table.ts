/** What `npm run stack` prints: the servers as a table, and what to do with them. */
import type { ServerEntry, StackFile } from './stack-file.ts';
import { withoutPassword } from './stack.ts';

type Row = Pick<ServerEntry, 'name' | 'url' | 'uiUrl' | 'pid' | 'logFile'> & {
  readonly state: string;
};

/** Columns as wide as their widest cell. */
export function serverTable(rows: readonly Row[]): string {
  const cells = [
    ['server', 'state', 'address', 'page', 'pid', 'log'],
    ...rows.map((row) => [
      row.name,
      row.state,
      withoutPassword(row.url),
      row.uiUrl ?? '',
      String(row.pid),
      row.logFile,
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((line) => (line[column] ?? '').length)),
  );
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function nextSteps(envFile: string, file: StackFile): string {
  const page = file.servers.find((server) => server.uiUrl !== undefined)?.uiUrl;
  return [
    '',
    'Next:',
    `  set -a; . ${envFile}; set +a    the addresses, with PostgreSQL's password, for a shell's programs`,
    ...(page === undefined ? [] : [`  open ${page}    Temporal's web UI`]),
    '  npm run stack -- status | down',
  ].join('\n');
}
