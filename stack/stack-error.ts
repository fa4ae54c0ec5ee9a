/** What goes wrong with a server of the stack, told so that a person can act on it. */
import { KeelError } from '../core/errors.ts';

/** Which server, why (with the last lines of its log, where it has one), and what to do. Code UNAVAILABLE. */
export class StackError extends KeelError {
  readonly server: string;
  readonly remedy: string;

  constructor(
    server: string,
    reason: string,
    remedy: string,
    options: { readonly cause?: unknown; readonly logTail?: string } = {},
  ) {
    const tail =
      options.logTail === undefined || options.logTail.trim() === ''
        ? ''
        : `\nThe last lines of its log:\n${indent(options.logTail)}`;
    super('UNAVAILABLE', `${server}: ${reason}${tail}\nWhat to do: ${remedy}`, {
      cause: options.cause,
      details: { server, reason },
    });
    this.name = 'StackError';
    this.server = server;
    this.remedy = remedy;
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
