/** The start of a daemon whose configuration is rendered: from the store, or from what was last good. */
import type { Clock, Timer } from './base/clock.ts';
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import { loadFiles, type LoadResult } from './birdcl-compat/conf/load.ts';
import type { DialectChoice } from './birdcl-compat/conf/dialect.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';
import { renderedFiles } from './birdcl-compat/io/rendered-files.ts';
import { readLastGood } from './confd/io/last-good.ts';
import type { RenderSettings } from './confd/io/render-messages.ts';
import type { RenderThread } from './confd/io/render-thread.ts';
import { mainFiles } from './confd/main-files.ts';
import { RenderedConfiguration, type LoadedTexts } from './daemon-rendered.ts';
import { FleetReporter } from './daemon-fleet.ts';
import type { Daemon, LogLevel } from './daemon.ts';

/** How long a start waits for the keys before it takes what was last good. */
const STORE_WAIT_MS = 3000;

/** Parses and checks what was rendered; throws an error where no text is a whole configuration. */
export function loadTexts(texts: ReadonlyMap<string, string>, choice: DialectChoice): LoadedTexts {
  const files = renderedFiles(texts, configFiles);
  const result = loadFiles(mainFiles([...texts.keys()]), files, hostFacts(), choice);
  return { result, own: files.used, used: files.anyMayCount ? undefined : files.used };
}

export interface RenderedStart {
  readonly rendered: RenderedConfiguration;
  /** The configuration to start with. */
  readonly first: LoadResult;
  /** It has been taken over, or could not be. */
  started(inForce: boolean): void;
  /** Has the fleet told of a daemon that runs. */
  attach(daemon: Daemon): void;
  /** Resolves when the fleet does not have the daemon any more. */
  stop(): Promise<void>;
}

export interface RenderedStartOptions {
  readonly settings: RenderSettings;
  /** Renders what the settings say. */
  readonly thread: RenderThread;
  readonly choice: DialectChoice;
  readonly clock: Clock;
  readonly log: (level: LogLevel, text: string) => void;
  readonly count?: (good: boolean) => void;
  /** Resolves where the daemon is to end before it has begun. */
  readonly stopped: Promise<unknown>;
  readonly storeWaitMs?: number;
  /** Is told as soon as there is anything to be told of. */
  readonly known?: (rendered: RenderedConfiguration) => void;
  /** There is nothing to start with: called before it is waited for. Rejects where the daemon is to end. */
  readonly waiting?: () => Promise<void>;
}

/**
 * Waits for the first good rendering, or takes what was last good where the keys cannot be read soon. Resolves with
 * undefined where it was stopped meanwhile. Rejects where templates or options are wrong.
 */
export async function startRendered(options: RenderedStartOptions): Promise<RenderedStart | undefined> {
  const {
    settings,
    thread,
    choice,
    clock,
    log,
    count,
    stopped,
    storeWaitMs = STORE_WAIT_MS,
    known,
    waiting,
  } = options;
  const load = (texts: ReadonlyMap<string, string>): LoadedTexts => loadTexts(texts, choice);
  const rendered = new RenderedConfiguration({
    clock,
    folder: settings.confDir,
    load,
    log,
    refresh: (purpose) => {
      thread.refresh(purpose);
    },
    ...(count && { rendered: count }),
  });
  known?.(rendered);
  let found: ((start: { result: LoadResult; settle: (inForce: boolean) => void }) => void) | undefined;
  const good = new Promise<{ result: LoadResult; settle: (inForce: boolean) => void }>(
    (settle) => (found = settle),
  );
  let whenLost: () => void = () => undefined;
  const lost = new Promise<void>((settle) => (whenLost = settle));
  rendered.first(({ result }, settle) => {
    if (result.config) found?.({ result, settle });
    else {
      settle(false);
      whenLost();
    }
  });
  const store = await thread.follow({
    deliver: async (rendering, purpose) => {
      const inForce = await rendered.receive(rendering, purpose);
      const wrongAt = purpose === 'check' ? undefined : rendered.wrongAt;
      return { inForce, wrongAt, ownTexts: rendered.ownTexts };
    },
    connected: (reason) => {
      rendered.connected(reason);
    },
    origins: (origins, revision) => {
      rendered.originsFound(origins, revision);
    },
    log,
  });
  rendered.store = store;
  const fleet = settings.register && reporter(clock, rendered, thread);
  const attach = (daemon: Daemon): void => {
    fleet?.attach(daemon);
  };
  const stop = async (): Promise<void> => {
    fleet?.stop();
    await thread.stop();
  };
  let timer: Timer | undefined;
  const waited = new Promise<void>((settle) => {
    timer = clock.setTimer(storeWaitMs, settle);
  });
  const first = await Promise.race([good, Promise.race([lost, waited]).then(() => undefined)]);
  timer?.cancel();
  if (first) return { rendered, first: first.result, started: first.settle, attach, stop };
  const kept = await lastGood(settings, load, log);
  // One may have come meanwhile.
  const late = await Promise.race([good, Promise.resolve(undefined)]);
  if (late) return { rendered, first: late.result, started: late.settle, attach, stop };
  if (kept) {
    log(
      'warning',
      `Starting with the last good configuration, of revision ${kept.revision} of ${kept.store}`,
    );
    rendered.adopt(kept.texts, kept, kept.revision);
    return { rendered, first: kept.result, started: () => undefined, attach, stop };
  }
  log('warning', `There is no configuration yet: waiting for a good one from ${store}`);
  try {
    await waiting?.();
  } catch (error) {
    await stop();
    throw error;
  }
  const later = await Promise.race([good, stopped.then(() => undefined)]);
  if (later) return { rendered, first: later.result, started: later.settle, attach, stop };
  await stop();
  return undefined;
}

function reporter(clock: Clock, rendered: RenderedConfiguration, thread: RenderThread): FleetReporter {
  const made = new FleetReporter({
    clock,
    rendered: () => rendered.view(),
    send: (report) => {
      thread.report(report);
    },
  });
  made.start();
  return made;
}

async function lastGood(
  { lastGoodPath: path, confDir }: RenderSettings,
  load: (texts: ReadonlyMap<string, string>) => LoadedTexts,
  log: RenderedStartOptions['log'],
): Promise<
  (LoadedTexts & { texts: ReadonlyMap<string, string>; revision: bigint; store: string }) | undefined
> {
  try {
    const kept = await readLastGood(path);
    if (!kept) return undefined;
    if (kept.folder !== confDir) {
      log('warning', `${path} is of the templates in ${kept.folder}, and is not used`);
      return undefined;
    }
    const loaded = load(kept.texts);
    if (loaded.result.config) return { ...kept, ...loaded };
    for (const error of loaded.result.errors) log('error', formatDiagnostic(error));
  } catch (error) {
    log('error', error instanceof Error ? error.message : String(error));
  }
  return undefined;
}
