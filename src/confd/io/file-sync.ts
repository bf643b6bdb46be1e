/** One file brought up to date: staged beside its place, compared, checked, moved there, and told of. */
import type { TemplateResource } from '../resource.ts';
import { TemplateSet } from '../template/exec.ts';
import { encodeText } from '../template/text.ts';
import { fromPlain } from '../template/values.ts';
import { runCommand } from './commands.ts';
import { differences, moveIntoPlace, removeFile, stageFile, wantedOwnership } from './destination.ts';

export type Level = 'debug' | 'info' | 'warning' | 'error';
export type WriteLog = (level: Level, message: string) => void;

export interface SyncOptions {
  /** Change nothing. */
  readonly noop: boolean;
  readonly keepStageFile: boolean;
  /** Neither check nor reload. */
  readonly syncOnly: boolean;
  /** Of a file that the resource gives no mode; without it, that of the file which is there, or 0644. */
  readonly defaultMode?: number;
  /** How long a command may run, milliseconds; without it, as long as it likes. */
  readonly commandMs?: number;
}

/**
 * Brings the file of a resource up to date as confd does. Resolves with whether it was changed. Rejects where it cannot be
 * written, where `check_cmd` fails, and then the old one stays, and where `reload_cmd` fails, and then it does not.
 */
export async function syncFile(
  resource: TemplateResource,
  text: string,
  options: SyncOptions,
  log: WriteLog,
): Promise<boolean> {
  const { dest, mode, uid, gid } = resource;
  const ownership = await wantedOwnership(dest, mode ?? options.defaultMode, uid, gid);
  const staged = await stageFile(dest, encodeText(text), ownership);
  try {
    return await sync(resource, staged, options, log, () => moveIntoPlace(staged, dest, ownership));
  } finally {
    if (options.keepStageFile) log('info', `Keeping staged file: ${staged}`);
    else await removeFile(staged);
  }
}

async function sync(
  { dest, checkCommand, reloadCommand }: TemplateResource,
  staged: string,
  { noop, syncOnly, commandMs }: SyncOptions,
  log: WriteLog,
  move: () => Promise<void>,
): Promise<boolean> {
  log('debug', `Comparing candidate config to ${dest}`);
  const differing = await differences(staged, dest);
  for (const line of differing) log('info', line);
  if (noop) {
    log('warning', `Noop mode enabled. ${dest} will not be modified`);
    return false;
  }
  if (differing.length === 0) {
    log('debug', `Target config ${dest} in sync`);
    return false;
  }
  log('info', `Target config ${dest} out of sync`);
  if (!syncOnly && checkCommand !== '') {
    const failure = await run(checkText(checkCommand, staged), commandMs, log);
    if (failure !== undefined) throw new Error(`Config check failed: ${failure}`);
  }
  log('debug', `Overwriting target config ${dest}`);
  await move();
  if (!syncOnly && reloadCommand !== '') {
    const failure = await run(reloadCommand, commandMs, log);
    if (failure !== undefined)
      throw new Error(`${dest} has been updated, but its reload_cmd failed: ${failure}`);
  }
  log('info', `Target config ${dest} has been updated`);
  return true;
}

/** Why a command failed; undefined where it did not. */
async function run(command: string, limitMs: number | undefined, log: WriteLog): Promise<string | undefined> {
  log('debug', `Running ${command}`);
  const { code, output } = await runCommand(command, limitMs);
  if (code === 0) log('debug', JSON.stringify(output));
  else if (output !== '') log('error', JSON.stringify(output));
  return code === 0 ? undefined : `exit status ${code}`;
}

/** `{{.src}}` in a check is the staged file. */
function checkText(command: string, staged: string): string {
  const set = new TemplateSet();
  set.parse('checkcmd', command);
  return set.render('checkcmd', fromPlain({ src: staged }));
}
