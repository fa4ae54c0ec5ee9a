/** What `npm start` prints while it works: steps that end, and one line that moves. Lines only, where there is no terminal. */
const TICK = '✔';

export interface Terminal {
  /** A finished step. */
  step(name: string, detail: string): void;
  line(text?: string): void;
  /** Replaces the moving line; without a terminal it prints at every tenth of the way. */
  progress(share: number, text: string): void;
  /** Ends the moving line. */
  endProgress(): void;
}

export function createTerminal(out: NodeJS.WriteStream = process.stdout): Terminal {
  const live = out.isTTY;
  let moving = false;
  let tenth = -1;
  const clear = (): void => {
    if (moving) out.write(live ? '\r\x1b[2K' : '');
    moving = false;
  };
  return {
    step(name, detail) {
      clear();
      out.write(`  ${TICK} ${name.padEnd(12)} ${detail}\n`);
    },
    line(text = '') {
      clear();
      out.write(`${text}\n`);
    },
    progress(share, text) {
      if (live) {
        const filled = Math.round(share * 24);
        out.write(`\r\x1b[2K  ${'█'.repeat(filled)}${'░'.repeat(24 - filled)} ${text}`);
        moving = true;
      } else if (Math.floor(share * 10) > tenth) {
        tenth = Math.floor(share * 10);
        out.write(`  ${String(Math.round(share * 100)).padStart(3)} %  ${text}\n`);
      }
    },
    endProgress() {
      if (moving) out.write('\n');
      moving = false;
    },
  };
}
