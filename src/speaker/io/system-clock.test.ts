import { describe } from 'vitest';
import { clockContract } from '../clock.contract.ts';
import { SystemClock } from './system-clock.ts';

describe('the clock contract on real time', () => {
  clockContract(() => ({
    clock: new SystemClock(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 25)),
  }));
});
