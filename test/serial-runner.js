/** One suite at a time: for those that run a whole stack, each with processes enough for all cores. */
import TestRunner from 'jest-runner';

export default class SerialRunner extends TestRunner {
  isSerial = true;
}
