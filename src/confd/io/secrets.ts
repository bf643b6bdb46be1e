/** Passwords in files: `FOLDER/NAME/KEY`, as Kubernetes mounts secrets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Observable } from 'rxjs';
import type { SecretRef, Secrets } from '../calico/secrets.ts';

/** How often files of secrets that were asked for are read again: mounts are replaced without a sign. */
const POLL_MS = 2000;
/** Longer texts are no passwords. */
const MAX_LENGTH = 4096;
/** Secrets that are known at a time: resources may name others again and again. */
const MAX_KNOWN = 10_000;
/** Names come from resources: they must not lead out of the folder. No name of Kubernetes is longer. */
const NAME = /^(?!\.{1,2}$)[\w.-]{1,253}$/;

export class SecretFolder implements Secrets {
  readonly changes: Observable<void>;
  readonly #folder: string;
  readonly #known = new Map<string, { readonly ref: SecretRef; readonly text: string | undefined }>();

  constructor(folder: string, pollMs = POLL_MS) {
    this.#folder = folder;
    this.changes = new Observable((subscriber) => {
      const timer = setInterval(() => {
        if ([...this.#known.values()].some(({ ref, text }) => this.#read(ref) !== text)) {
          this.#known.clear();
          subscriber.next();
        }
      }, pollMs);
      return () => {
        clearInterval(timer);
      };
    });
  }

  get(ref: SecretRef): string | undefined {
    if (!NAME.test(ref.name) || !NAME.test(ref.key)) return undefined;
    const id = `${ref.name}/${ref.key}`;
    const known = this.#known.get(id);
    if (known) return known.text;
    const text = this.#read(ref);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_KNOWN) this.#known.delete(oldest);
    this.#known.set(id, { ref, text });
    return text;
  }

  #read({ name, key }: SecretRef): string | undefined {
    try {
      const text = readFileSync(join(this.#folder, name, key), 'utf8').replace(/\n$/, '');
      return text.length <= MAX_LENGTH ? text : undefined;
    } catch {
      return undefined;
    }
  }
}
