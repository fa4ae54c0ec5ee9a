/** Writes the files of a new strategy, from cli/strategy-template. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../adapters/make-folder.ts';
import { KeelError } from '../../core/errors.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const TEMPLATE = join(REPOSITORY, 'cli', 'strategy-template');

/**
 * `NAME.ts`, `NAME.test.ts`, and a tsconfig.json for the editor where there is none. Throws INVALID_INPUT for a name
 * that is none, and CONFLICT, with nothing written, where a file is there already.
 */
export function writeNewStrategy(name: string, folder: string): string[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new KeelError(
      'INVALID_INPUT',
      `"${name}" cannot name a strategy; use lower-case words joined by "-", such as my-breakout`,
    );
  }
  const files = [
    { file: join(folder, `${name}.ts`), text: filled('my-strategy.ts', name) },
    { file: join(folder, `${name}.test.ts`), text: filled('my-strategy.spec.ts', name) },
  ];
  const taken = files.find(({ file }) => existsSync(file));
  if (taken !== undefined) {
    throw new KeelError('CONFLICT', `${taken.file} is there already: give another name or --dir`);
  }
  const editor = join(folder, 'tsconfig.json');
  if (!existsSync(editor)) files.push({ file: editor, text: tsconfig() });
  try {
    makeFolder(folder);
    for (const { file, text } of files) writeFileSync(file, text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError(
      'INVALID_INPUT',
      `${folder} cannot be written to (${why}): name another --dir that you may write to`,
      { cause },
    );
  }
  return files.map(({ file }) => file);
}

/** The template is part of the repository, so its imports and names are the repository's. */
function filled(template: string, name: string): string {
  const words = name.split('-').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  const text = readFileSync(join(TEMPLATE, template), 'utf8')
    .replaceAll(/'\.\.\/\.\.\/([^']+)\.ts'/g, "'keel/$1'")
    .replaceAll('my-strategy', name);
  return text.replaceAll('MyStrategy', words.join(''));
}

/** For editors and `tsc`; it names where this repository is, so it is of this machine. */
function tsconfig(): string {
  const settings = {
    extends: join(REPOSITORY, 'tsconfig.json'),
    compilerOptions: {
      // Without a package.json here, nodenext would take the files for CommonJS.
      module: 'esnext',
      moduleResolution: 'bundler',
      paths: {
        'keel/*': [join(REPOSITORY, '*.ts')],
        '*': [
          join(REPOSITORY, 'node_modules', '*'),
          join(REPOSITORY, 'node_modules', '@types', '*'),
        ],
      },
      typeRoots: [join(REPOSITORY, 'node_modules', '@types')],
    },
    include: ['*.ts'],
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}
