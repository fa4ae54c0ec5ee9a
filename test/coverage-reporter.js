/** Prints, under `--coverage`, the share of lines that tests ran, for each room of the house. */
import { relative, sep } from 'node:path';

export default class CoverageReporter {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, results) {
    process.once('exit', () => {
      // Set by jest's own coverage reporter, which runs after this one.
      const map = results.coverageMap;
      if (map === null || map === undefined || map.files().length === 0) return;
      const rooms = new Map();
      for (const file of map.files()) {
        const room = relative(this.rootDir, file).split(sep)[0];
        const { covered, total } = map.fileCoverageFor(file).toSummary().lines;
        const sum = rooms.get(room) ?? { covered: 0, total: 0 };
        rooms.set(room, { covered: sum.covered + covered, total: sum.total + total });
      }
      const lines = [...rooms]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([room, { covered, total }]) => {
          const percent = total === 0 ? 100 : (100 * covered) / total;
          return `  ${room.padEnd(14)} ${percent.toFixed(1).padStart(5)} %  ${covered} of ${total}`;
        });
      process.stdout.write(`lines covered\n${lines.join('\n')}\n`);
    });
  }
}
