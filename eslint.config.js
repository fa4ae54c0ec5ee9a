/** Lint rules. Formatting is prettier's; import rules between rooms are dependency-cruiser's. */
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = { process: 'readonly', console: 'readonly', URL: 'readonly' };

export default defineConfig(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.keel/', 'data/', 'test/histories/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // A leading underscore says that a parameter is there only for the ones after it.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // `0 === 0n` is false, and TypeScript lets an amount that is either be compared with it.
    files: ['backtest/**/*.ts'],
    ignores: ['**/*.test.ts', 'backtest/scaled.ts', 'backtest/fixed-point.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Literal[bigint]', message: 'amounts are reckoned with backtest/scaled.ts' },
      ],
    },
  },
  {
    // All workflows of a worker share these modules (adapters/temporal/worker.ts). The SDK freezes what they
    // export; what a module keeps for itself is seen here.
    files: ['core/**/*.ts', 'workflows/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(Program, ExportNamedDeclaration) > VariableDeclaration[kind!="const"]',
          message: 'a module that workflows share holds no state',
        },
        {
          selector:
            ':matches(Program, ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator > NewExpression[callee.name=/^(Map|WeakMap|WeakSet)$/]',
          message: 'a module that workflows share holds no state',
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.contract.ts', 'test/**/*.ts'],
    rules: {
      // A test that finds undefined fails by itself, at that line.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // jest's matchers (`expect.any`, `expect.objectContaining`) are typed any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // Fakes implement asynchronous interfaces without waiting for anything.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: { globals: { ...NODE_GLOBALS, module: 'writable', require: 'readonly' } },
  },
  prettier,
);
