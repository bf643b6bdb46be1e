/** Two `catbird reflector` processes that register in a real etcd, and `catbird fleet` that lists them. */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { etcdMissing, TestEtcd } from '../../src/confd/io/etcd-test-support.ts';
import { freePort } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');
const PASSWORD = 'hunter2';
const missing = etcdMissing();

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

interface Written {
  readonly members: readonly {
    readonly name: string;
    readonly member: Readonly<Record<string, unknown>>;
    readonly summary: {
      readonly sessions: Readonly<Record<string, number>>;
      readonly configuration: Readonly<Record<string, unknown>>;
    };
    readonly sessions: readonly Readonly<Record<string, unknown>>[];
  }[];
}

describe.skipIf(missing !== undefined)(`a fleet${missing === undefined ? '' : ` (${missing})`}`, () => {
  let etcd: TestEtcd;
  let client: Etcd3;
  let folder: string;
  const running: ChildProcess[] = [];

  beforeEach(async () => {
    etcd = await TestEtcd.start();
    client = etcd.client();
    folder = mkdtempSync(join(tmpdir(), 'catbird-fleet-'));
    const port = await freePort();
    for (const part of ['conf.d', 'templates']) mkdirSync(join(folder, part));
    writeFileSync(
      join(folder, 'conf.d/bird.toml'),
      '[template]\nsrc = "bird"\ndest = "bird.conf"\nkeys = ["/app"]\n',
    );
    writeFileSync(
      join(folder, 'templates/bird'),
      `{{$name := getenv "NODENAME"}}{{$own := getv (printf "/app/peers/%s" $name)}}router id {{$own}};
{{range gets "/app/peers/*"}}{{if ne (base .Key) $name}}protocol bgp {{base .Key}} {
  local {{$own}} port ${port} as 65000; strict bind; multihop; connect delay time 1; connect retry time 1;
  neighbor {{.Value}} port ${port} as 65000; password "{{getv "/app/password"}}"; rr client; rr cluster id 9.9.9.9; ipv4;
}
{{end}}{{end}}`,
    );
    await client.put('/app/password').value(PASSWORD);
    await client.put('/app/peers/rr1').value('127.0.0.1');
    await client.put('/app/peers/rr2').value('127.0.0.2');
  });

  afterEach(async () => {
    for (const child of running.splice(0)) await end(child, 'SIGKILL');
    client.close();
    await etcd.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((settle) => child.once('exit', settle));
    child.kill(signal);
    await gone;
  }

  function start(
    name: string,
    flags = ['--register-ttl', '5'],
  ): { child: ChildProcess; logged: (text: string) => Promise<void> } {
    const own = join(folder, `${running.length}`);
    mkdirSync(own);
    const options = ['--confdir', folder, '--node', etcd.endpoint, '--state', own, '-s', join(own, 'ctl')];
    const child = spawn(CATBIRD, ['reflector', ...options, ...flags], {
      env: { ...process.env, NODENAME: name },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.push(child);
    let text = '';
    const waiting: { text: string; wake: () => void }[] = [];
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const one of waiting) if (text.includes(one.text)) one.wake();
    });
    const logged = (wanted: string): Promise<void> =>
      new Promise((wake) => {
        if (text.includes(wanted)) wake();
        else waiting.push({ text: wanted, wake });
      });
    return { child, logged };
  }

  const fleet = (...args: string[]): Promise<Answer> =>
    new Promise((settle) => {
      const env = { ...process.env, COLUMNS: '80' };
      const child = execFile(
        CATBIRD,
        ['fleet', ...args, '-node', etcd.endpoint],
        { env },
        (_, out, errors) => {
          settle({ code: child.exitCode ?? -1, out, errors });
        },
      );
    });

  async function until(isSo: (written: Written, answer: Answer) => boolean): Promise<Written> {
    for (;;) {
      const answer = await fleet('--json');
      const written = JSON.parse(answer.out) as Written;
      if (isSo(written, answer)) return written;
      await new Promise((settle) => setTimeout(settle, 200));
    }
  }
  const names = ({ members }: Written): string => members.map(({ name }) => name).join();

  test('has members with sessions and configuration, and loses them as they go', async () => {
    const none = await fleet();
    expect(none).toMatchObject({ code: 1, out: '' });
    expect(none.errors).toContain(`no reflector has registered in etcd at ${etcd.endpoint}`);

    const first = start('rr1');
    await first.logged('Registered in the fleet');
    const second = start('rr2');
    const up = await until(
      ({ members }, { code }) =>
        code === 0 && members.length === 2 && members.every(({ summary }) => summary.sessions['up'] === 1),
    );
    expect(up.members[1]).toMatchObject({
      name: 'rr2',
      member: {
        addresses: ['127.0.0.2'],
        cluster_ids: ['9.9.9.9'],
        router_id: '127.0.0.2',
        as: [65000],
        ttl: 5,
      },
      summary: {
        sessions: { configured: 1, up: 1, disabled: 0, dynamic: 0 },
        configuration: { state: 'current' },
      },
      sessions: [],
    });
    const table = await fleet();
    expect(table.code).toBe(0);
    expect(table.out.split('\n')).toEqual([
      expect.stringMatching(/^NAME  ADDRESS    CLUSTER ID  VERSION  SINCE  UP   REVISION  CONFIG$/),
      expect.stringMatching(/^rr1   127\.0\.0\.1  9\.9\.9\.9     \S+    +\d+s    *1\/1  \d+ +current$/),
      expect.stringMatching(/^rr2   127\.0\.0\.2  9\.9\.9\.9     \S+    +\d+s    *1\/1  \d+ +current$/),
      '',
    ]);

    // A key that makes the configuration wrong, and then another password for half of the sessions.
    await client.put('/app/password').value(`${PASSWORD}" oops "${PASSWORD}`);
    const refused = await until(({ members }) =>
      members.every(({ summary }) => summary.configuration['state'] === 'refused'),
    );
    expect(refused.members[0]!.summary.configuration).toMatchObject({
      refused: { keys: ['/app/password'], reason: expect.stringContaining('in a line with a secret') },
    });
    expect((await fleet()).code).toBe(1);
    await client.put('/app/password').value(PASSWORD);
    await until((_, { code }) => code === 0);

    await end(second.child, 'SIGTERM');
    expect(names(JSON.parse((await fleet('--json')).out) as Written)).toBe('rr1');
    const alone = await until(({ members }) => members[0]!.sessions.length === 1);
    expect(alone.members[0]!.sessions[0]).toMatchObject({ name: 'rr2', neighbor: '127.0.0.2', as: 65000 });
    expect((await fleet()).out).toMatch(/\nrr1:\n {2}rr2 \(127\.0\.0\.2\) is not up since /);

    const keys = await client.getAll().prefix('/catbird_fleet').strings();
    expect(JSON.stringify(keys)).not.toContain(PASSWORD);
    await end(first.child, 'SIGKILL');
    expect(names(JSON.parse((await fleet('--json')).out) as Written)).toBe('rr1');
    await until(({ members }) => members.length === 0);
  });

  test('notices a name that is there already, and one that does not register', async () => {
    const first = start('rr1');
    const third = start('rr2', ['--no-register']);
    await Promise.all([first.logged('Registered in the fleet'), third.logged('started with')]);
    // Without a configuration it waits, and does not ask for the addresses of the first.
    await client.delete().key('/app/password');
    const second = start('rr1');
    await second.logged('Another reflector is in the fleet as rr1');
    const { members } = await until(() => true);
    expect(members.map(({ name }) => name)).toEqual(['rr1']);
    await end(first.child, 'SIGTERM');
    await second.logged('Registered in the fleet');
    await until(({ members: [one] }) => one?.summary?.configuration['state'] === 'starting');
  });

  test('can be watched', async () => {
    const watching = spawn(CATBIRD, ['fleet', '--watch', '--json', '-node', etcd.endpoint], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    running.push(watching);
    let text = '';
    watching.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const seen = async (isSo: (written: Written) => boolean): Promise<void> => {
      while (
        !text
          .split('\n')
          .slice(0, -1)
          .some((line) => isSo(JSON.parse(line) as Written))
      )
        await new Promise((settle) => setTimeout(settle, 50));
    };
    await seen(({ members }) => members.length === 0);
    const member = start('rr1');
    await seen((written) => names(written) === 'rr1' && written.members[0]!.sessions.length === 1);
    text = '';
    await end(member.child, 'SIGTERM');
    await seen(({ members }) => members.length === 0);
    const code = new Promise((settle) => watching.once('exit', settle));
    watching.kill('SIGTERM');
    expect(await code).toBe(1);
  });

  test.each([
    [['-backend', 'tree', '-file', '/tmp'], '-node is of the backend etcdv3, not of tree'],
    [['-confdir', '/tmp'], "-confdir is a flag of 'catbird confd' that means nothing here"],
    [['--oops'], 'flag provided but not defined: -oops'],
    [['--json=x'], '--json takes no value'],
  ])('%j is refused', async (args, why) => {
    const answer = await fleet(...args);
    expect(answer.code).toBe(2);
    expect(answer.errors).toContain(why);
  });

  test('in an etcd that is not there is an error', async () => {
    await etcd.kill();
    const answer = await fleet();
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(answer.errors).toContain(etcd.endpoint);
  });
});
