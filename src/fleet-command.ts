/** `catbird fleet`: the reflectors that have registered in etcd, and how they are. */
import { configFile, environment } from './confd-command.ts';
import { FLEET } from './confd/fleet/keys.ts';
import type { FleetMember } from './confd/fleet/members.ts';
import { fleetMembers, isCurrent } from './confd/fleet/members.ts';
import { fleetTable } from './confd/fleet/table.ts';
import { messageOf } from './confd/io/processor.ts';
import { openStore } from './confd/io/stores.ts';
import type { ConfdOptions } from './confd/options.ts';
import { confdOptions, parseFlags } from './confd/options.ts';
import type { Store } from './confd/store.ts';
import { applyChanges } from './confd/watch.ts';
import { splitFlags } from './rendering.ts';
import { SystemClock } from './speaker/io/system-clock.ts';

const HELP = `Usage: catbird fleet [--json] [--watch] [FLAG]...

Lists the reflectors that have registered in etcd: their first address, cluster ID, version, for how long they run, sessions
that are up of those that are configured (and, behind a +, those of ranges that are up), the revision of etcd that their
configuration was rendered from, and whether that is what the keys say. What is not as it should be is told below the table.
  --json            all that members have written, as one JSON value; with --watch one in each line
  --watch           go on, and print again when something changes, once a second at most
Other flags are those of 'catbird confd': -node, -client-ca-keys, -client-cert, -client-key, -username, -password,
-config-file.
Exits 0 where there are members and the configuration of each is current, else 1; 2 where the flags are wrong.
`;

const OWN = { json: 'plain', watch: 'plain', help: 'plain' } as const;
const STORE_FLAGS = [
  ...['backend', 'node', 'config-file', 'file'],
  ...['client-ca-keys', 'client-cert', 'client-key', 'username', 'password', 'basic-auth'],
];
const DEFAULT_WIDTH = 80;
/** Between two tables of --watch. */
const AGAIN_MS = 1000;
/** To the upper left corner, and nothing below. */
const CLEAR = '\x1b[H\x1b[J';

/** Resolves with the exit code. */
export async function fleetCommand(args: string[]): Promise<number> {
  let own: ReadonlyMap<string, unknown>;
  let options: ConfdOptions;
  try {
    const parts = splitFlags(args, OWN);
    own = parts.own;
    if (own.has('help')) {
      process.stdout.write(HELP);
      return 0;
    }
    options = storeOptions(parts.confd);
  } catch (error) {
    process.stderr.write(`catbird: ${messageOf(error)}\n`);
    return 2;
  }
  let store: Store | undefined;
  try {
    store = await openStore(options, environment, (text) => {
      process.stderr.write(`${text}\n`);
    });
    const isJson = own.has('json');
    if (own.has('watch')) return await follow(store, isJson);
    const members = fleetMembers(await store.read([FLEET]));
    if (isJson) process.stdout.write(`${JSON.stringify({ members }, undefined, 2)}\n`);
    else if (members.length > 0) process.stdout.write(tableText(members));
    if (members.length === 0) process.stderr.write(`catbird: ${noneIn(store)}\n`);
    return members.length > 0 && members.every(isCurrent) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`catbird: ${messageOf(error)}\n`);
    return 1;
  } finally {
    store?.close();
  }
}

/** Throws an error where flags are wrong, or are not about the store. */
function storeOptions(args: readonly string[]): ConfdOptions {
  const flags = parseFlags(args);
  for (const name of flags.keys())
    if (!STORE_FLAGS.includes(name))
      throw new Error(`-${name} is a flag of 'catbird confd' that means nothing here`);
  const options = confdOptions(
    flags,
    configFile(flags.get('config-file') as string | undefined),
    environment,
  );
  if (options.backend !== 'etcdv3')
    throw new Error(`reflectors register in etcd alone, and the backend is ${options.backend}`);
  return options;
}

function noneIn({ name }: Store): string {
  return (
    `no reflector has registered in ${name}; ` +
    "'catbird reflector' does where its configuration is rendered from etcd and --no-register is not given"
  );
}

function tableText(members: readonly FleetMember[]): string {
  const columns = Number(process.env['COLUMNS']);
  const width = process.stdout.columns || (columns > 0 ? columns : DEFAULT_WIDTH);
  return fleetTable(members, width, Date.now())
    .map((line) => `${line}\n`)
    .join('');
}

/** Prints until it is told to end. */
async function follow(store: Store, isJson: boolean): Promise<number> {
  const { isTTY } = process.stdout;
  let isFirst = true;
  let members: readonly FleetMember[] = [];
  const print = (): void => {
    if (isJson) {
      process.stdout.write(`${JSON.stringify({ members })}\n`);
      return;
    }
    const before = isTTY ? CLEAR : isFirst ? '' : '\n';
    isFirst = false;
    process.stdout.write(before + (members.length > 0 ? tableText(members) : `${noneIn(store)}\n`));
  };
  const subscription = applyChanges(
    store.watch([FLEET]),
    new SystemClock(),
    async (snapshot) => {
      members = fleetMembers(snapshot);
      print();
      await new Promise((settle) => setTimeout(settle, AGAIN_MS));
    },
    (reason) => {
      process.stderr.write(`catbird: ${reason}\n`);
    },
  );
  await new Promise<void>((settle) => {
    process.once('SIGINT', settle);
    process.once('SIGTERM', settle);
    // Whoever reads may go, as 'head' does.
    process.stdout.once('error', () => {
      settle();
    });
  });
  subscription.unsubscribe();
  return members.length > 0 && members.every(isCurrent) ? 0 : 1;
}
