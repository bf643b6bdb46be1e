/** The thread that watches the store and renders: neither holds up sessions. Started by `render-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import { shortened } from '../../base/shortened.ts';
import { withoutStates } from '../fleet/hidden.ts';
import { FleetPublisher } from '../fleet/publisher.ts';
import type { CalicoStore } from '../calico/store.ts';
import type { KeyRevision } from '../provenance.ts';
import type { TextPlace } from '../protocol-origins.ts';
import type { Snapshot } from '../store.ts';
import { Renderings } from '../renderings.ts';
import type { LoadedResource, Purpose, Rendering } from '../renderings.ts';
import { FileWriter } from './file-writer.ts';
import { saveLastGood } from './last-good.ts';
import { messageOf } from './processor.ts';
import type { FromRenderer, RenderSettings, ToRenderer } from './render-messages.ts';
import { isResourcePath, loadResources } from './resources.ts';
import { openLeases, openStore } from './stores.ts';
import { Tracing } from './tracing.ts';
import { systemWorld } from './world.ts';

const settings = workerData as RenderSettings;
const say = (message: FromRenderer): void => {
  parentPort!.postMessage(message);
};
const warn = (text: string): void => {
  say({ kind: 'log', level: 'warning', text });
};

/** Nothing but timers is asked of it here. */
const clock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  soon: (run) => {
    setImmediate(run);
  },
};

/** Characters of where a refusal comes from. */
const LONGEST_ORIGIN = 2000;

let told: ReadonlyMap<string, string> = new Map();
let wrongAt: TextPlace | undefined;
/** Texts that the configuration in force is made of, by `dest`. */
let ownTexts: ReadonlySet<string> = new Set();
let verdict: ((inForce: boolean) => void) | undefined;

async function deliver(rendering: Rendering, purpose: Purpose): Promise<boolean> {
  const { revision, changed } = rendering;
  if (rendering.kind === 'bad') {
    say({ kind: 'rendering', purpose, revision, changed, result: { reason: rendering.reason } });
  } else {
    const { texts } = rendering;
    const other = new Map([...texts].filter(([dest, text]) => told.get(dest) !== text));
    told = texts;
    say({
      kind: 'rendering',
      purpose,
      revision,
      changed,
      result: { dests: [...texts.keys()], texts: other },
    });
  }
  return await new Promise<boolean>((settle) => (verdict = settle));
}

/** What a start without the store needs. */
async function keep(store: string, { texts, revision }: Rendering & { kind: 'good' }): Promise<void> {
  try {
    await saveLastGood(settings.lastGoodPath, { texts, revision, store, folder: settings.confDir });
  } catch (error) {
    warn(`the configuration cannot be kept for the next start: ${messageOf(error)}`);
  }
}

const files = new FileWriter((level, text) => {
  say({ kind: 'log', level, text });
});
/** Resources whose commands nobody runs, which has been said. */
const warned = new Set<string>();

/** Files of the resources, where they are asked for, with the commands of those that are not the daemon's own. */
function write({ texts }: Rendering & { kind: 'good' }, resources: readonly LoadedResource[]): void {
  const written = resources.flatMap(({ resource }) => {
    const text = texts.get(resource.dest);
    return text === undefined ? [] : [{ resource, text, isOwn: ownTexts.has(resource.dest) }];
  });
  if (settings.write) {
    files.write(written);
    return;
  }
  for (const { resource, isOwn } of written) {
    const { path, dest, checkCommand, reloadCommand } = resource;
    if (isOwn || checkCommand + reloadCommand === '' || warned.has(path)) continue;
    warned.add(path);
    warn(`${path}: ${dest} and its commands are for others than the daemon, and come with --write only`);
  }
}

/** What registers the daemon; undefined where it does not want to be. */
async function openFleet(): Promise<FleetPublisher | undefined> {
  const { register: who, store: options } = settings;
  if (!who) return undefined;
  const store = await openLeases(options, systemWorld.environment);
  return new FleetPublisher({
    store,
    clock,
    who,
    log: (level, text) => {
      say({ kind: 'log', level, text });
    },
  });
}

function sourcesOf(store: CalicoStore, { entries }: Snapshot): Map<string, readonly KeyRevision[]> {
  const sources = new Map<string, readonly KeyRevision[]>();
  for (const key of entries.keys()) {
    const found = store.sourcesOf(key);
    if (found) sources.set(key, found);
  }
  return sources;
}

async function run(): Promise<void> {
  const tracing = new Tracing(
    (answer, revision) => {
      if (typeof answer !== 'string') say({ kind: 'origins', origins: answer, revision });
      else if (answer !== '')
        say({
          kind: 'log',
          level: 'error',
          text: `Revision ${revision}: ${shortened(answer, LONGEST_ORIGIN)}`,
        });
    },
    (reason) => {
      warn(`where the configuration comes from could not be found out: ${reason}`);
    },
  );
  const store = await openStore(settings.store, systemWorld.environment, warn);
  const fleet = await openFleet();
  let keeping = Promise.resolve();
  const renderings = new Renderings({
    store: fleet ? withoutStates(store) : store,
    clock,
    world: systemWorld,
    load: (generated) => loadResources(settings.confDir, settings, generated, warn),
    isResource: (dest) => isResourcePath(settings.confDir, dest),
    deliver,
    begins: () => {
      tracing.cancel();
    },
    taken: async (rendering, resources, snapshot) => {
      keeping = keep(store.name, rendering);
      await keeping;
      write(rendering, resources);
      tracing.later(() => ({ loaded: resources, snapshot, sources: sourcesOf(store, snapshot) }));
    },
    notTaken: (rendering, resources, snapshot) => {
      // One that waits until renderings are not held any more is not wrong.
      if (rendering.kind === 'good' && !wrongAt) return;
      const place = wrongAt;
      tracing.later(() => ({
        loaded: resources,
        snapshot,
        sources: sourcesOf(store, snapshot),
        refused: { place },
      }));
    },
    connected: (lost) => {
      say({ kind: 'connected', lost });
    },
  });
  parentPort!.on('message', (message: ToRenderer) => {
    switch (message.kind) {
      case 'refresh':
        renderings.refresh(message.purpose);
        return;
      case 'report':
        fleet?.report(message.report);
        return;
      case 'leave':
        renderings.stop();
        files.stop();
        void Promise.all([keeping, files.idle(), fleet?.stop()]).then(() => {
          say({ kind: 'left' });
        });
        return;
      case 'verdict': {
        const settle = verdict;
        verdict = undefined;
        wrongAt = message.wrongAt;
        ownTexts = message.ownTexts;
        settle?.(message.inForce);
      }
    }
  });
  await renderings.start();
  say({ kind: 'started', store: store.name });
}

run().catch((error: unknown) => {
  say({ kind: 'failed', reason: messageOf(error) });
});
