/** Stops what test/global-setup.ts started, and removes its folder. */
import { running } from './running-servers.ts';

export default async function globalTeardown(): Promise<void> {
  await running.stop();
}
