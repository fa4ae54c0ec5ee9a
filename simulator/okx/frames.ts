/** What a client sends over OKX's WebSockets, and how subscriptions are answered. */
import { z } from 'zod';

const argSchema = z.looseObject({
  channel: z.string(),
  instId: z.string().optional(),
  instType: z.string().optional(),
});
export type Arg = z.infer<typeof argSchema>;

const loginSchema = z.object({
  apiKey: z.string(),
  passphrase: z.string(),
  timestamp: z.string(),
  sign: z.string(),
});
export type Login = z.infer<typeof loginSchema>;

const frameSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('login'), args: z.array(loginSchema).length(1) }),
  z.object({ op: z.literal('subscribe'), args: z.array(argSchema).min(1) }),
  z.object({ op: z.literal('unsubscribe'), args: z.array(argSchema).min(1) }),
]);
export type Frame = z.infer<typeof frameSchema>;

const CONNECTION_ID = 'a4d3ae55';

/** A request, or the answer to send at once: `pong`, or an error. */
export function readFrame(text: string): Frame | string {
  if (text === 'ping') {
    return 'pong';
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failure('60012', `Illegal request: ${text}`);
  }
  const frame = frameSchema.safeParse(json);
  return frame.success ? frame.data : failure('60012', `Illegal request: ${text}`);
}

export function failure(code: string, msg: string): string {
  return JSON.stringify({ event: 'error', code, msg, connId: CONNECTION_ID });
}

export function loggedIn(): string {
  return JSON.stringify({ event: 'login', code: '0', msg: '', connId: CONNECTION_ID });
}

/** Keeps `args` and answers for each what became of it; nothing is kept of what is not known. */
export function subscriptionAnswers(
  frame: Exclude<Frame, { op: 'login' }>,
  args: Map<string, Arg>,
  isKnown: (arg: Arg) => boolean,
): string[] {
  return frame.args.map((arg) => {
    if (!isKnown(arg)) {
      const named = [
        arg.channel,
        ...Object.entries(arg)
          .slice(1)
          .map(([name, value]) => `${name}:${String(value)}`),
      ];
      return failure('60018', `Wrong URL or channel:${named.join(',')} doesn't exist.`);
    }
    const key = JSON.stringify(arg);
    if (frame.op === 'subscribe') {
      args.set(key, arg);
    } else {
      args.delete(key);
    }
    return JSON.stringify({ event: frame.op, arg, connId: CONNECTION_ID });
  });
}
