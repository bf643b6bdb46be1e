/** A start from a tree of files with the real thread that renders, in real time. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatIpv4 } from './base/ip.ts';
import type { RenderSettings } from './confd/io/render-messages.ts';
import { RenderThread } from './confd/io/render-thread.ts';
import { startRendered, type RenderedStart } from './rendered-start.ts';
import { SystemClock } from './speaker/io/system-clock.ts';

/** In small pieces: V8 ends the thread at its limit, but the process where one piece goes far beyond it. */
const HUNGRY =
  '{{$all := map "a" "b"}}{{range seq 1 1000000}}{{$all = map "n" (seq 1 20) "all" $all}}{{end}}{{len $all}}';

let folder: string;
let lines: string[];
let thread: RenderThread | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-start-'));
  lines = [];
  for (const part of ['conf.d', 'templates', 'keys']) mkdirSync(join(folder, part));
  put('conf.d/bird.toml', '[template]\nsrc = "bird"\ndest = "bird.cfg"\nkeys = ["/"]\n');
  put(
    'templates/bird',
    `router id {{getv "/id"}};\nprotocol device {}\n{{if exists "/hungry"}}# ${HUNGRY}{{end}}\n`,
  );
  put('keys/id', '1.1.1.1');
});
afterEach(async () => {
  await thread?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const put = (path: string, text: string): void => {
  writeFileSync(join(folder, path), text);
};

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    if (i > 2000) throw new Error(`it never came:\n${lines.join('\n')}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

test('a thread that has no memory left ends alone: what is in force stays, and it is started again', async () => {
  const settings: RenderSettings = {
    confDir: folder,
    prefix: '',
    nodeName: undefined,
    store: {
      backend: 'tree',
      ...{ nodes: [], files: [join(folder, 'keys')], filter: '*' },
      ...{
        caFile: '',
        certFile: '',
        keyFile: '',
        username: '',
        password: '',
      },
      optionalFiles: false,
    },
    lastGoodPath: join(folder, 'last-good.json'),
    write: false,
  };
  thread = new RenderThread(settings, { oldMb: 64, restartMs: 300 });
  const start: RenderedStart = (await startRendered({
    ...{ settings, thread, choice: {}, clock: new SystemClock() },
    log: (level, text) => lines.push(`${level}: ${text}`),
    stopped: new Promise(() => undefined),
  }))!;
  const { rendered } = start;
  const taken: string[] = [];
  rendered.attach({
    heldBecause: undefined,
    takeOver: ({ config }) => {
      taken.push(formatIpv4(config!.routerId));
      return Promise.resolve(true);
    },
  });
  start.started(true);
  put('keys/id', '2.2.2.2');
  await until(() => taken.at(-1) === '2.2.2.2');
  const { inForce } = rendered.view();

  put('keys/hungry', '');
  await until(() =>
    lines.some((line) => line.startsWith('error: the thread that renders templates has ended: ')),
  );
  expect(rendered.view()).toMatchObject({
    connected: false,
    inForce,
    lost: { reason: expect.stringMatching(/^the thread that renders templates has ended: .*memory/) },
  });
  // Who asks is told; the thread that comes next may be the one that is asked.
  const asked = await rendered.refresh();
  rendered.concluded(false);
  expect(asked.config).toBeUndefined();
  expect(asked.errors[0]!.message).toMatch(
    /templates are not rendered at the moment|memory|have not been read/,
  );
  expect(taken).toEqual(['2.2.2.2']);

  rmSync(join(folder, 'keys/hungry'));
  put('keys/id', '3.3.3.3');
  await until(() => taken.at(-1) === '3.3.3.3');
  expect(rendered.view()).toMatchObject({ connected: true });
  expect(rendered.view()).not.toHaveProperty('lost');
  await start.stop();
});
