/** A daemon on simulated time whose configuration is rendered from a store that is driven by hand. */
import { Subject } from 'rxjs';
import { beforeEach, expect, test } from 'vitest';
import { loadFiles } from './birdcl-compat/conf/load.ts';
import { filesOf, HOST, load } from './birdcl-compat/conf/test-support.ts';
import { Commands } from './birdcl-compat/cli/commands.ts';
import { renderedFiles } from './birdcl-compat/io/rendered-files.ts';
import { systemWorld } from './confd/io/world.ts';
import { mainFiles } from './confd/main-files.ts';
import { protocolOrigins, refusalOrigin } from './confd/protocol-origins.ts';
import { Renderings } from './confd/renderings.ts';
import type { LoadedResource } from './confd/renderings.ts';
import { parseResource } from './confd/resource.ts';
import type { Entry, Store, StoreEvent } from './confd/store.ts';
import { Daemon } from './daemon.ts';
import { originsOf, RenderedConfiguration } from './daemon-rendered.ts';
import type { LoadedTexts } from './daemon-rendered.ts';
import { ControlView } from './daemon-view.ts';
import { SimWorld } from './speaker/sim/speakers.ts';

const MAIN = `include "filters.cfg";
router id {{getv "/id"}};
# made at {{getv "/note" "no time"}}
{{range gets "/peers/*"}}protocol bgp {{base .Key}} { local 10.9.0.1 as 65000; neighbor {{.Value}} as 65000; ipv4 { import filter taken; }; }
{{end}}`;
const FILTERS = 'filter taken { {{getv "/filter" "accept;"}} }\n';

let sim: SimWorld;
let events: Subject<StoreEvent>;
let daemon: Daemon;
let rendered: RenderedConfiguration;
let view: ControlView;
let renderings: Renderings;
let lines: string[];
let templates: [dest: string, text: string][];
let revision: bigint;
let applied: number;
let inFlight: number;
let traces: Parameters<RenderedConfiguration['originsFound']>[];
let refusals: Promise<string>[];

const entry = (value: string): Entry => ({ value, revision });

function resource(dest: string, text: string): LoadedResource {
  const toml = `[template]\nsrc = "t"\ndest = "${dest}"\nprefix = "/app"\nkeys = ["/"]`;
  const options = { prefix: '', nodeName: undefined };
  return { resource: parseResource('t.toml', toml, options).resource, template: { name: 't', text } };
}

function loadTexts(texts: ReadonlyMap<string, string>): LoadedTexts {
  const files = renderedFiles(texts, filesOf({}));
  const result = loadFiles(mainFiles([...texts.keys()]), files, HOST);
  return { result, own: files.used, used: files.anyMayCount ? undefined : files.used };
}

beforeEach(() => {
  sim = new SimWorld(7);
  events = new Subject();
  lines = [];
  revision = 1n;
  applied = 0;
  inFlight = 0;
  traces = [];
  refusals = [];
  templates = [
    ['/etc/bird/bird.cfg', MAIN],
    ['/etc/bird/filters.cfg', FILTERS],
  ];
  const log = (level: string, text: string): void => void lines.push(`${level}: ${text}`);
  daemon = new Daemon({
    clock: sim.clock,
    network: sim.network.host('10.9.0.1'),
    random: sim.random,
    log,
  });
  rendered = new RenderedConfiguration({
    clock: sim.clock,
    folder: '/templates',
    load: loadTexts,
    log,
    refresh: (purpose) => {
      renderings.refresh(purpose);
    },
  });
  const store: Store = {
    name: 'the store',
    read: () => Promise.reject(new Error('is only watched')),
    watch: () => events,
    close: () => undefined,
  };
  rendered.store = store.name;
  renderings = new Renderings({
    store,
    clock: sim.clock,
    world: systemWorld,
    load: () => Promise.resolve(templates.map(([dest, text]) => resource(dest, text))),
    isResource: () => false,
    deliver: async (rendering, purpose) => {
      expect(++inFlight).toBe(1);
      const inForce = await rendered.receive(rendering, purpose);
      inFlight--;
      return inForce;
    },
    taken: async (_, resources, keys) => {
      traces.push([await protocolOrigins(resources, keys, systemWorld), keys.revision]);
    },
    notTaken: (_, resources, keys) => {
      refusals.push(refusalOrigin(resources, keys, systemWorld, rendered.wrongAt));
    },
    connected: (lost) => {
      rendered.connected(lost);
    },
  });
  view = new ControlView({
    daemon,
    clock: sim.clock,
    hostname: 'rr',
    path: '/templates',
    load: (path) => load(path === 'by-hand.conf' ? 'router id 9.9.9.9;\nprotocol device {}' : 'oops'),
    watchLog: () => () => undefined,
    residentBytes: () => 0,
    configured: () => void applied++,
    shutdown: () => undefined,
    log,
    rendered,
    origins: originsOf(rendered, () => daemon.config),
  });
});

/** Lets everything that waits happen, and so many milliseconds pass. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    sim.clock.runFor(10);
    for (let i = 0; i < 200; i++) await Promise.resolve();
  }
}

const snapshot = (keys: Readonly<Record<string, string>>): StoreEvent => ({
  kind: 'snapshot',
  revision,
  entries: new Map(Object.entries(keys).map(([key, value]) => [`/app/${key}`, entry(value)])),
});

/** Changes a key of the store, or takes it away. */
function put(key: string, value: string | undefined): void {
  revision++;
  const changes = new Map([[`/app/${key}`, value === undefined ? undefined : entry(value)]]);
  events.next({ kind: 'changes', revision, changes });
}

async function start(
  keys: Readonly<Record<string, string>> = { id: '1.1.1.1', 'peers/a': '10.9.0.2' },
): Promise<void> {
  const first = new Promise<void>((started) => {
    rendered.first(({ result }, settle) => {
      void daemon.start(result.config!).then(() => {
        rendered.attach(view);
        settle(true);
        started();
      });
    });
  });
  await renderings.start();
  events.next(snapshot(keys));
  await pass(100);
  await first;
}

const names = (): string[] => daemon.config.protocols.map(({ name }) => name);

async function ask(command: string): Promise<string[]> {
  const answer: string[] = [];
  for (const reply of new Commands(view, () => undefined).handle(command)) {
    if (reply instanceof Promise) {
      void pass(200);
      await reply;
    } else if (reply && reply.text !== '') answer.push(reply.text);
  }
  return answer;
}

const status = async (): Promise<string> => (await ask('show status')).join('\n');

test('included texts are those that were rendered, and a change is applied within 100 ms', async () => {
  await start();
  expect(names()).toEqual(['a']);
  put('peers/b', '10.9.0.3');
  await pass(100);
  expect(names()).toEqual(['a', 'b']);
  put('filter', 'reject;');
  await pass(100);
  expect(applied).toBe(2);
  expect(await status()).toContain('Configuration is rendered from the store, revision 3');
});

test('a burst is one application, and what differs in a comment is none', async () => {
  await start();
  for (let i = 0; i < 50; i++) {
    put(`peers/p${i}`, `10.9.1.${i + 1}`);
    sim.clock.runFor(0);
  }
  await pass(200);
  expect(names()).toHaveLength(51);
  expect(applied).toBe(1);
  put('note', 'another time');
  await pass(200);
  expect(applied).toBe(1);
});

test('a full reading that says the same applies nothing; one that differs, the difference', async () => {
  await start();
  events.next({ kind: 'lost', reason: 'the store is away' });
  await pass(100);
  expect(names()).toEqual(['a']);
  expect(await status()).toMatch(/Keys cannot be read since .*: the store is away/);
  events.next(snapshot({ id: '1.1.1.1', 'peers/a': '10.9.0.2' }));
  await pass(100);
  expect(applied).toBe(0);
  expect(await status()).not.toContain('cannot be read');
  events.next(snapshot({ id: '1.1.1.1', 'peers/b': '10.9.0.3' }));
  await pass(100);
  expect([names(), applied]).toEqual([['b'], 1]);
});

test.each([
  ['a check', 'filter', 'nonsense;', 'filters.cfg:1:'],
  ['a rendering', 'id', undefined, 'key does not exist: /id'],
])(
  '%s that fails leaves what is in force, is told of, and is forgotten after a good one',
  async (_what, key, value, why) => {
    await start();
    put(key, value);
    await pass(100);
    expect([names(), applied]).toEqual([['a'], 0]);
    expect(await status()).toMatch(
      new RegExp(`Rendering refused since .*, revision 2 \\(/app/${key}\\): .*${why}`),
    );
    expect(lines.join('\n')).toContain(`The rendering of revision 2 (/app/${key} changed) is refused`);
    put('peers/b', '10.9.0.3');
    await pass(100);
    expect(names()).toEqual(['a']);
    put(key, key === 'id' ? '1.1.1.1' : 'accept;');
    await pass(100);
    expect(names()).toEqual(['a', 'b']);
    expect(await status()).not.toContain('refused');
  },
);

test('the revision in force is that of the last rendering that says the same, and stays behind a refused one', async () => {
  await start();
  put('note', 'a comment');
  await pass(100);
  expect(rendered.view()).toMatchObject({ revision: '2', inForce: '2' });
  put('peers/b', 'nonsense');
  await pass(100);
  expect(rendered.view()).toMatchObject({ revision: '3', inForce: '2' });
  await ask('configure "by-hand.conf"');
  expect(rendered.view()).not.toHaveProperty('inForce');
  await ask('configure');
  put('peers/b', '10.9.0.3');
  await ask('configure');
  await pass(100);
  expect(rendered.view()).toMatchObject({ revision: '4', inForce: '4' });
});

test("'json show status' has both revisions, the one in force as long as it came from a rendering", async () => {
  const told = async (): Promise<unknown> =>
    (JSON.parse((await ask('json show status')).join('')) as { rendered: unknown }).rendered;
  await start();
  put('peers/b', 'nonsense');
  await pass(100);
  expect(await told()).toMatchObject({
    store: 'the store',
    revision: '2',
    in_force: '1',
    refused: { revision: '2', keys: ['/app/peers/b'], key_count: 1 },
  });
  await ask('configure "by-hand.conf"');
  expect(await told()).not.toHaveProperty('in_force');
});

test.each([
  ['a line with a password', 'peers/b', '10.9.0.3 as 65000; password hunter2; neighbor 10.9.0.4'],
  ['a value that a function is given', 'id', '{{nothing}}hunter2'],
])('what is wrong with %s is told the fleet without it', async (_what, key, value) => {
  if (key === 'id') templates[0] = ['/etc/bird/bird.cfg', MAIN.replace('getv "/id"', 'atoi (getv "/id")')];
  await start(key === 'id' ? { id: '1', 'peers/a': '10.9.0.2' } : undefined).catch(() => undefined);
  put(key, value);
  await pass(100);
  const { problem } = rendered.view();
  expect(problem!.text).toContain('hunter2');
  expect(problem!.publicText).not.toContain('hunter2');
  expect(problem!.publicText).toMatch(/in a line with a secret|error calling atoi: .*\*\*\*/);
});

test("'configure' reads templates again; 'configure check' looks at them only", async () => {
  await start();
  templates[1] = ['/etc/bird/filters.cfg', 'filter taken { reject; }\nprotocol static s { ipv4; }\n'];
  expect(await ask('configure check')).toContain('s is added');
  expect(names()).toEqual(['a']);
  put('peers/b', '10.9.0.3');
  await pass(100);
  expect(names()).toEqual(['a', 'b']);
  expect(await ask('configure')).toContain('Reconfigured');
  expect(names()).toEqual(['s', 'a', 'b']);
  templates[1] = ['/etc/bird/filters.cfg', 'filter taken { {{getv "/none"}} }'];
  expect((await ask('configure')).at(-1)).toContain('key does not exist: /none');
  expect(names()).toEqual(['s', 'a', 'b']);
});

test('after an undo, and after a file, renderings wait until somebody configures', async () => {
  await start();
  put('peers/b', '10.9.0.3');
  await pass(100);
  await ask('configure undo');
  await pass(100);
  expect(names()).toEqual(['a']);
  put('peers/c', '10.9.0.4');
  await pass(100);
  expect(names()).toEqual(['a']);
  expect(await status()).toMatch(/New renderings are held, because the last one was undone.*; one waits/);
  await ask('configure');
  await pass(100);
  expect(names()).toEqual(['a', 'b', 'c']);
  await ask('configure "by-hand.conf"');
  await pass(100);
  put('peers/c', undefined);
  await pass(100);
  expect(names()).toEqual(['device1']);
  expect(await status()).toContain('New renderings are held, because by-hand.conf was taken over by hand');
  await ask('configure');
  await pass(100);
  expect(names()).toEqual(['a', 'b']);
});

test('while a configuration waits for confirmation renderings wait; they are applied when it is confirmed', async () => {
  await start();
  templates[1] = ['/etc/bird/filters.cfg', `${FILTERS}protocol static s { ipv4; }\n`];
  await ask('configure timeout 100');
  await pass(100);
  put('peers/b', '10.9.0.3');
  await pass(100);
  expect(names()).toEqual(['s', 'a']);
  await ask('configure confirm');
  await pass(100);
  expect(names()).toEqual(['s', 'a', 'b']);
  templates[1] = ['/etc/bird/filters.cfg', FILTERS];
  await ask('configure timeout 1');
  expect(names()).toEqual(['a', 'b']);
  await pass(1500);
  expect(names()).toEqual(['s', 'a', 'b']);
  expect(await status()).toContain('New renderings are held, because the last one was undone');
});

test('bird.cfg and bird6.cfg of BIRD 1.6 are one configuration', async () => {
  const text = (address: string): string =>
    `router id 1.1.1.1;\nprotocol bgp p { local as 65000; neighbor {{getv "/${address}"}} as 65000; import all; export none; next hop self; }\n`;
  templates = [
    ['/etc/bird/bird6.cfg', text('six')],
    ['/etc/bird/bird.cfg', text('four').replace('bgp p', 'bgp q')],
  ];
  await start({ four: '10.9.0.2', six: 'fd00::2' });
  const families = daemon.config.protocols.map((protocol) =>
    protocol.kind === 'bgp' ? protocol.channels.map(({ name }) => name).join() : '',
  );
  expect(families).toEqual(['ipv4', 'ipv6']);
});

test('what is kept from the last run is no reason to apply the same again', async () => {
  const protocol =
    'protocol bgp a { local 10.9.0.1 as 65000; neighbor 10.9.0.2 as 65000; ipv4 { import filter taken; }; }';
  const texts = new Map([
    ['/etc/bird/bird.cfg', `include "filters.cfg";\nrouter id 1.1.1.1;\n${protocol}\n`],
    ['/etc/bird/filters.cfg', 'filter taken { accept; }\n'],
  ]);
  const loaded = loadTexts(texts);
  await daemon.start(loaded.result.config!);
  rendered.adopt(texts, loaded, 5n);
  rendered.attach(view);
  expect(await status()).toContain('Configuration is the last good one, kept from the store, revision 5');
  await renderings.start();
  events.next(snapshot({ id: '1.1.1.1', 'peers/a': '10.9.0.2' }));
  await pass(100);
  expect(applied).toBe(0);
  expect(await status()).toContain('Configuration is rendered from the store, revision 1');
  put('peers/b', '10.9.0.3');
  await pass(100);
  expect(names()).toEqual(['a', 'b']);
});

test('protocols say where they come from, as soon as that is known of the very texts in force', async () => {
  await start();
  const by = async (): Promise<string[]> =>
    (await ask('show protocols all')).flatMap((line) => /Rendered by: +(.*)/.exec(line)?.[1] ?? []);
  expect(await by()).toEqual([]);
  rendered.originsFound(...traces[0]!);
  expect(await by()).toEqual(['t:4 from /app/peers/a (revision 1)']);
  put('peers/b', '10.9.0.3');
  await pass(100);
  rendered.originsFound(...traces[0]!);
  expect(await by()).toEqual([]);
  rendered.originsFound(...traces[1]!);
  const known = ['t:4 from /app/peers/a (revision 1)', 't:4 from /app/peers/b (revision 2)'];
  expect(await by()).toEqual(known);
  // Only a comment is other now: lines are those of the texts that were applied.
  put('note', 'another\n# time');
  await pass(100);
  rendered.originsFound(...traces[2]!);
  expect(await by()).toEqual(known);
  await ask('configure "by-hand.conf"');
  expect(await by()).toEqual([]);
});

test.each([
  ['filter', 'nonsense;', '/etc/bird/filters.cfg:1 is rendered by t:1 from /app/filter (revision 2)'],
  ['id', undefined, /has to do with \/app\/id \(not there\)$/],
])('what is refused because of %s is explained by template line and key', async (key, value, explained) => {
  await start();
  put(key, value);
  await pass(100);
  expect(await refusals[0]).toEqual(
    typeof explained === 'string' ? explained : expect.stringMatching(explained),
  );
});

test('a rendering that comes after the last good one was taken, and before the daemon has started, is applied then', async () => {
  const texts = new Map([['/etc/bird/bird.cfg', 'router id 1.1.1.1;\nprotocol device {}\n']]);
  rendered.first(() => {
    throw new Error('there is something to start with already');
  });
  rendered.adopt(texts, loadTexts(texts), 5n);
  await renderings.start();
  events.next(snapshot({ id: '1.1.1.1', 'peers/a': '10.9.0.2' }));
  await pass(100);
  put('peers/b', '10.9.0.3');
  await pass(100);
  await daemon.start(loadTexts(texts).result.config!);
  rendered.attach(view);
  await pass(100);
  expect(names()).toEqual(['a', 'b']);
  put('peers/c', '10.9.0.4');
  await pass(100);
  expect(names()).toEqual(['a', 'b', 'c']);
});

test('before there is a configuration, what needs one is refused, and a good one that was asked for begins', async () => {
  let begun: Promise<void> | undefined;
  rendered.first(({ result }, settle) => {
    if (!result.config) {
      settle(false);
      return;
    }
    begun = daemon.start(result.config).then(() => {
      rendered.attach(view);
      settle(true);
    });
  });
  templates[1] = ['/etc/bird/filters.cfg', 'filter taken { oops }\n'];
  await renderings.start();
  const waiting =
    "There is no configuration yet: waiting for a good one from the store, 'show status' says more";
  expect((await ask('configure')).at(-1)).toMatch(/the keys have not been read yet: waiting for the store$/);
  events.next(snapshot({ id: '1.1.1.1', 'peers/a': '10.9.0.2' }));
  await pass(100);
  expect(begun).toBeUndefined();
  for (const command of ['show protocols all', 'show route', 'enable all', 'eval 1', 'json show memory'])
    expect(await ask(command)).toEqual([waiting]);
  const told = await ask('show status');
  expect(told).toContain('Waiting for a good configuration from the store');
  expect(told.join('\n')).toMatch(/Rendering refused since .*filters\.cfg:1:/);
  expect(told.at(-1)).toBe('There is no configuration yet');
  expect(told.join('\n')).not.toMatch(/Router ID|reconfiguration/);
  const json = JSON.parse((await ask('json show status')).join('')) as object;
  expect(json).toMatchObject({ state: 'waiting', rendered: { refused: { revision: '1' } } });
  expect(json).not.toHaveProperty('router_id');
  expect((await ask('configure check')).at(-1)).toContain('filters.cfg:1:');
  expect((await ask('configure')).at(-1)).toContain('filters.cfg:1:');
  for (const command of ['configure "by-hand.conf"', 'configure timeout 5', 'configure soft'])
    expect((await ask(command)).at(-1)).toBe(waiting);
  expect(await ask('restrict')).toEqual(['Access restricted']);
  templates[1] = ['/etc/bird/filters.cfg', FILTERS];
  expect(await ask('configure')).toEqual([
    'Reading configuration from /templates',
    'Reconfiguration in progress',
  ]);
  await pass(100);
  expect(names()).toEqual(['a']);
  expect((await ask('show status')).at(-1)).toBe('Daemon is up and running');
  put('peers/b', '10.9.0.3');
  await pass(100);
  expect(names()).toEqual(['a', 'b']);
});
