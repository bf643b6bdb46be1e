/** Filling tables that filters look into: each entry goes through the import filter of its channel. */
import { LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import { NO_ATTRS } from '../../rib/policy.ts';
import { FilterCompiler } from './compile.ts';
import type { FilterProgram } from './program.ts';
import type { AssertHook, FilterContext } from './run.ts';
import type { NetEntry, NetTable } from './validation.ts';

/** BIRD's preference of static routes. */
const STATIC_PREFERENCE = 200;

export interface Filling {
  readonly table: NetTable;
  /** Where attributes are while the filter runs. */
  readonly store: AttrStore;
  readonly entries: readonly { readonly entry: NetEntry; readonly attributes?: FilterProgram }[];
  readonly filter: FilterProgram;
  /** Name of the static protocol. */
  readonly protocol: string;
  /** Takes errors of filters, with the token that they are about. */
  failed(at: number, message: string): void;
  readonly assertHook?: AssertHook;
}

/** Adds the entries that the filter accepts. */
export function fillTable({ table, store, entries, filter, protocol, failed, assertHook }: Filling): void {
  const compiler = new FilterCompiler(
    store,
    {
      error: (_filter, at, message) => {
        failed(at, message);
      },
      print: () => undefined,
    },
    assertHook,
  );
  const bare = new AttrEditor(store)
    .edit(NO_ATTRS)
    .set(LOCAL_ATTR.preference, 0, u32Bytes(STATIC_PREFERENCE))
    .commit();
  const policy = compiler.policy(filter);
  for (const { entry, attributes } of entries) {
    const { ip, length } = entry.net;
    const context: FilterContext = {
      family: ip.version === 4 ? 0 : 1,
      netWords: Uint32Array.from(ip.words),
      netAt: 0,
      netLength: length,
      source: { protocol, kind: 'static', internal: false },
      net: entry.net,
    };
    const attrs = attributes ? compiler.policy(attributes).evaluate(bare, context) : bare;
    if (attrs !== NO_ATTRS && policy.evaluate(attrs, context) !== NO_ATTRS) table.add(entry);
  }
}
