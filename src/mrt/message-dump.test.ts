import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { SimClock } from '../speaker/sim/clock.ts';
import { MessageDump } from './message-dump.ts';
import { MemoryFiles } from './test-support.ts';

let clock: SimClock;
let files: MemoryFiles;
let log: string[];

beforeEach(() => {
  clock = new SimClock();
  files = new MemoryFiles();
  log = [];
});

function newDump(limitBytes?: number): MessageDump {
  return new MessageDump({
    clock,
    files,
    path: 'm',
    log: (level, text) => log.push(`${level}: ${text}`),
    ...(limitBytes !== undefined && { limitBytes }),
  });
}

/** A record that holds a number; whether it was taken. */
function put(dump: MessageDump, value: number): boolean {
  const out = dump.room(16);
  if (!out) return false;
  out.begin(16, 5, 0);
  out.reserve(4);
  out.u32(value);
  out.end();
  return true;
}

/** Lets all that is under way come to rest. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    clock.settle();
    await turn();
  }
}

function values(): number[] {
  return files.records('m').map(({ body }) => body.readUInt32BE(0));
}

/** A lock on all writes, and its key. */
function block(): () => void {
  let open = (): void => undefined;
  files.gate = new Promise((resolve) => {
    open = resolve;
  });
  return open;
}

test('records are written in their order, many at once, one write at a time', async () => {
  const dump = newDump();
  for (let i = 0; i < 10; i++) put(dump, i);
  await settle();
  const open = block();
  for (let i = 10; i < 20_000; i++) {
    put(dump, i);
    if (i % 5000 === 0) await settle();
  }
  open();
  await settle();
  expect(values()).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  expect(log).toEqual([]);
  await dump.close();
  expect(files.isOpen).toBe(0);
});

test('what the file is too slow for is dropped and counted, and nothing else', async () => {
  const dump = newDump(160);
  await settle();
  const open = block();
  put(dump, 0);
  await settle();
  const taken = Array.from({ length: 100 }, (_, i) => put(dump, i + 1)).filter(Boolean).length;
  expect(taken).toBe(10);
  open();
  await settle();
  expect(values()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  put(dump, 200);
  clock.runFor(30_000);
  await settle();
  expect(values().at(-1)).toBe(200);
  expect(log).toEqual(["warning: MRTDump file 'm' is too slow: 90 records were dropped"]);
});

test('a file that cannot be opened is logged once, at once, and tried again with the next configuration', async () => {
  files.openError = 'No such file or directory';
  const dump = newDump();
  await settle();
  const message =
    "error: Unable to open MRTDump file 'm': No such file or directory; nothing is dumped until the next configuration";
  expect(log).toEqual([message]);
  for (let i = 0; i < 10; i++) expect(put(dump, i)).toBe(false);
  await settle();
  dump.reopen();
  await settle();
  expect(log).toEqual([message, message]);
  files.openError = undefined;
  dump.reopen();
  put(dump, 5);
  await settle();
  expect(values()).toEqual([5]);
  expect(log).toHaveLength(2);
});

test('a write that fails ends the dump, and closes the file', async () => {
  const dump = newDump();
  put(dump, 1);
  await settle();
  files.writeError = 'No space left on device';
  put(dump, 2);
  await settle();
  files.writeError = undefined;
  expect(put(dump, 3)).toBe(false);
  await settle();
  expect(log).toEqual([
    "error: Write to MRTDump file 'm' failed: No space left on device; nothing is dumped until the next configuration",
  ]);
  expect(files.isOpen).toBe(0);
  expect(values()).toEqual([1]);
  await dump.close();
});

test('another configuration opens the file anew, after what was to go into the old one', async () => {
  const dump = newDump();
  put(dump, 1);
  await settle();
  const open = block();
  put(dump, 2);
  await settle();
  dump.reopen();
  open();
  await settle();
  expect(files.opened).toBe(2);
  expect(files.isOpen).toBe(1);
  put(dump, 3);
  await settle();
  expect(values()).toEqual([1, 2, 3]);
});

test('at the end all is written first', async () => {
  const dump = newDump();
  put(dump, 1);
  const closed = dump.close();
  expect(put(dump, 2)).toBe(false);
  await settle();
  await closed;
  expect(values()).toEqual([1]);
  expect(files.isOpen).toBe(0);
  const open = block();
  const other = newDump();
  put(other, 3);
  await settle();
  put(other, 4);
  const ended = other.close();
  open();
  await settle();
  await ended;
  expect(values()).toEqual([1, 3, 4]);
});
