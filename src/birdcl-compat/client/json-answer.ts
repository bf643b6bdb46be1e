/** Answers to `json show …` as they come: objects put together from their lines, errors kept for later. */
import { JSON_WORD } from '../cli/json-word.ts';
import { CODE } from '../cli/replies.ts';
import { FIRST_ERROR, type ClientLine } from './replies.ts';

export class JsonAnswer {
  /** Objects that came. */
  count = 0;
  /** The last line, where it is an error. */
  error: { readonly code: number; readonly text: string } | undefined;
  #part = '';

  /** The object that is complete with this line, as text. */
  take({ code, text }: ClientLine): string | undefined {
    if (code >= FIRST_ERROR) this.error = { code, text };
    if (code === CODE.jsonPart) this.#part += text;
    if (code !== CODE.json) return undefined;
    const value = this.#part + text;
    this.#part = '';
    this.count++;
    return value;
  }

  /** The daemon did not understand: it may be one that has no JSON. */
  get notUnderstood(): boolean {
    return this.count === 0 && this.error?.code === CODE.parseError;
  }
}

/** Fails where a daemon has no JSON, and nowhere else. */
export const JSON_PROBE = `${JSON_WORD} show status`;
export const NO_JSON = "this daemon has no JSON: it is BIRD. 'catbird cl' without --json shows its answers";
