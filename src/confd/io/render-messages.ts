/** What the thread that renders and the one that applies say to each other. */
import type { Level } from './processor.ts';
import type { StoreOptions } from './stores.ts';
import type { FleetReport, Registration } from '../fleet/report.ts';
import type { ProtocolOrigins, TextPlace } from '../protocol-origins.ts';
import type { ChangedKeys, Purpose } from '../renderings.ts';

export interface RenderSettings {
  readonly confDir: string;
  /** In place of the prefixes of all resources. */
  readonly prefix: string;
  readonly nodeName: string | undefined;
  readonly store: StoreOptions;
  /** Where the last good rendering is kept. */
  readonly lastGoodPath: string;
  /** Whether the texts go to their files too. */
  readonly write: boolean;
  /** As whom the daemon registers in the store; absent where it does not. */
  readonly register?: Registration;
}

export interface Verdict {
  readonly inForce: boolean;
  /** Where a text is wrong. */
  readonly wrongAt: TextPlace | undefined;
  /** Which texts the configuration in force is made of, by `dest`. */
  readonly ownTexts: ReadonlySet<string>;
}

export type ToRenderer =
  /** A rendering was taken, or not. */
  | ({ readonly kind: 'verdict' } & Verdict)
  | { readonly kind: 'refresh'; readonly purpose: Exclude<Purpose, 'change'> }
  /** What the fleet is told from now on. */
  | { readonly kind: 'report'; readonly report: FleetReport }
  /** The daemon ends: what was taken is to be kept, and what is registered to go. */
  | { readonly kind: 'leave' };

export type FromRenderer =
  | { readonly kind: 'log'; readonly level: Level; readonly text: string }
  /** It watches the store of this name. */
  | { readonly kind: 'started'; readonly store: string }
  | { readonly kind: 'connected'; readonly lost: string | undefined }
  /** That is done. */
  | { readonly kind: 'left' }
  /** Where the protocols of the configuration in force come from, which is of this revision. */
  | { readonly kind: 'origins'; readonly origins: ProtocolOrigins; readonly revision: bigint }
  /** The resources cannot be used. */
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'rendering';
      readonly purpose: Purpose;
      readonly revision: bigint;
      readonly changed: ChangedKeys;
      readonly result:
        | { readonly reason: string }
        /** All that there are, and the texts of those that are other than in the rendering before. */
        | { readonly dests: readonly string[]; readonly texts: ReadonlyMap<string, string> };
    };
