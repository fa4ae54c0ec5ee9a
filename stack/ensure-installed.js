/**
 * Runs before `npm start`, `npm test` and the like: installs the packages where node_modules is missing or older
 * than the lock file, so that a fresh clone needs no step of its own. Plain JavaScript without packages, since
 * it runs before there are any, on whatever Node the machine has.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const lockFile = join(root, 'package-lock.json');
/** npm writes it last, so it is there only when an install went through. */
const installedFile = join(root, 'node_modules', '.package-lock.json');

/** Why packages must be installed, or undefined where they are as the lock file says. */
function reasonToInstall() {
  if (!existsSync(installedFile)) return 'the packages are not installed yet';
  if (statSync(installedFile).mtimeMs >= statSync(lockFile).mtimeMs) return undefined;
  // A checkout renews the lock file's time without changing a word.
  const locked = packagesOf(lockFile);
  const installed = packagesOf(installedFile);
  const changed = Object.keys(locked).filter(
    (name) =>
      name !== '' && !locked[name].optional && installed[name]?.version !== locked[name].version,
  );
  return changed.length === 0
    ? undefined
    : `${changed.length} packages changed in package-lock.json`;
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Node ${process.versions.node} is too old to install Keel: 20.19 or newer is needed.\n`,
  );
  process.exit(1);
}
const reason = reasonToInstall();
if (reason !== undefined) {
  process.stderr.write(`${reason}: running npm ci\n`);
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write(
      'npm ci failed: its words above say why. See that the npm registry can be reached.\n',
    );
    process.exit(1);
  }
}
