/**
 * Lets files outside the repository import Keel: `keel/strategies/base-strategy` and `keel/core/…` are this
 * repository's modules, and packages that their own folder has not (zod) are this repository's too. Import it before
 * such a file: `node --import <repository>/strategies/own-modules.ts my-strategy.ts`.
 */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = import.meta.url;
const PATH_OR_URL = /^(?:[./]|[a-z]+:)/;
const TYPESCRIPT = /\.ts$/;

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier.startsWith('keel/')) {
      return nextResolve(specifier, { ...context, parentURL: here });
    }
    if (PATH_OR_URL.test(specifier)) {
      const found = nextResolve(specifier, context);
      // Without a package.json around it Node would guess, and warn.
      const guessed = found.format === undefined || found.format === null;
      const own = found.url.startsWith('file:') && TYPESCRIPT.test(fileURLToPath(found.url));
      return guessed && own ? { ...found, format: 'module-typescript' } : found;
    }
    try {
      return nextResolve(specifier, context);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
      return nextResolve(specifier, { ...context, parentURL: here });
    }
  },
});
