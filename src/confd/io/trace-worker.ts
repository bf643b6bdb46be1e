/** The thread that finds out where protocols come from: it is there for one answer. Started by `tracing.ts`. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { protocolOrigins, refusalOrigin } from '../protocol-origins.ts';
import type { KeySources } from '../provenance.ts';
import type { TraceAnswer, TraceOrder } from './tracing.ts';
import { systemWorld } from './world.ts';

/** Behind everything else: nobody waits for the answer. */
const LOWEST = 19;

// On Linux a thread has a priority of its own; elsewhere that of the daemon would be set.
if (process.platform === 'linux') setPriority(LOWEST);

const { loaded, snapshot, sources, refused } = workerData as TraceOrder;
const given: KeySources = (key) => sources.get(key);
const answer: TraceAnswer = refused
  ? await refusalOrigin(loaded, snapshot, systemWorld, refused.place, given)
  : await protocolOrigins(loaded, snapshot, systemWorld, given);
parentPort!.postMessage(answer);
