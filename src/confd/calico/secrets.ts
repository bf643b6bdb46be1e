/** Passwords, which resources name but do not hold. */
import type { Observable } from 'rxjs';
import type { Fields } from './fields.ts';

export interface SecretRef {
  readonly name: string;
  readonly key: string;
}

export interface Secrets {
  /** The text of a secret; undefined where there is none. */
  get(ref: SecretRef): string | undefined;
  /** Says when secrets that were asked for have changed. */
  readonly changes: Observable<void>;
}

/** The secret that `password` or `nodeMeshPassword` names. */
export function secretRef(password: Fields | undefined): SecretRef | undefined {
  const ref = password?.object('secretKeyRef');
  if (!ref) return undefined;
  return { name: ref.text('name'), key: ref.text('key') };
}
