/** What a command of the CLI works with. */
import type { ApiClient } from './api-client.ts';
import type { Progress } from './progress.ts';

export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** Reads a secret without showing it. */
  askSecret(question: string): Promise<string>;
  /** Characters in a line of the terminal; absent where the output is none. */
  readonly columns?: number;
  /** Absent where nobody looks on: no terminal, or --json. */
  readonly progress?: Progress;
}

/** What a command works with. */
export interface Session {
  readonly io: Io;
  readonly dataFolder: string;
  /** Characters in a line of a table: the terminal's, 80 where the output is none. */
  readonly width: number;
  /** Of the address and token in force. */
  api(): ApiClient;
  /** Prints `data` as JSON where `--json` was given, else the text made of it. */
  print<T>(data: T, text: (data: T) => string): void;
  /** Exit code 1 for a command that has told its findings by `print`. */
  findingsFail(): void;
}
