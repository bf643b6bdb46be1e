/** The files of renderings that are in force, written beside the renderings that follow: only the newest ones count. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TemplateResource } from '../resource.ts';
import { syncFile } from './file-sync.ts';
import type { Level } from './file-sync.ts';

/** Passwords may be in what is rendered. */
const DEFAULT_MODE = 0o600;
/** How long a command may run; then it is ended. */
export const COMMAND_MS = 30_000;

export interface WrittenFile {
  readonly resource: TemplateResource;
  readonly text: string;
  /** The daemon's own configuration: it checks that itself, and has taken it over. */
  readonly isOwn: boolean;
}

export class FileWriter {
  readonly #log: (level: Level, text: string) => void;
  readonly #commandMs: number;
  #next: readonly WrittenFile[] | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(log: (level: Level, text: string) => void, commandMs = COMMAND_MS) {
    this.#log = log;
    this.#commandMs = commandMs;
  }

  /** Has files written after those that are being written; others that wait are forgotten. */
  write(files: readonly WrittenFile[]): void {
    this.#next = files;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#next) this.write(this.#next);
    });
  }

  /** Resolves when nothing is being written any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** No command begins any more: a file that has some stays as it is, and is brought up to date at the next start. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    for (let files = this.#next; files; files = this.#next) {
      this.#next = undefined;
      for (const file of files) await this.#file(file);
    }
  }

  async #file({ resource, text, isOwn }: WrittenFile): Promise<void> {
    const { dest, checkCommand, reloadCommand } = resource;
    if (this.#stopped && !isOwn && checkCommand + reloadCommand !== '') return;
    const options = { noop: false, keepStageFile: false, syncOnly: isOwn, defaultMode: DEFAULT_MODE };
    const commandMs = this.#commandMs;
    try {
      await mkdir(dirname(dest), { recursive: true });
      const isChanged = await syncFile(resource, text, { ...options, commandMs }, (level, line) => {
        // What a command that failed has said; the rest is confd's account of each step.
        if (level === 'error') this.#log('warning', `${dest}: ${line}`);
      });
      if (isChanged && !isOwn && reloadCommand !== '')
        this.#log('info', `${dest} has changed, its reload_cmd has run`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log('warning', why.startsWith(dest) ? why : `${dest} cannot be written: ${why}`);
    }
  }
}
