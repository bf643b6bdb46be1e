/** Compiled filters of the daemon: filters that mean the same are one policy, over reconfigurations too. */
import type { Clock } from './base/clock.ts';
import { FilterCompiler } from './birdcl-compat/filter/compile.ts';
import type { FilterProgram } from './birdcl-compat/filter/program.ts';
import { FilterComparer, fingerprint } from './birdcl-compat/filter/same.ts';
import type { AnyProtocolConfig, BgpProtocolConfig, DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { LogLevel } from './daemon.ts';
import { LOCAL_ATTR } from './rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from './rib/attrs/edit.ts';
import type { AttrStore } from './rib/attrs/store.ts';
import { NO_ATTRS, type Policy, type PolicyContext } from './rib/policy.ts';

/** BIRD's preference of BGP routes, which they have without anybody setting it. */
const BGP_PREFERENCE = 100;
/** A filter that fails says so this often, whatever the number of routes. */
const FILTER_ERROR_INTERVAL_MS = 1000;

/** The filters of a protocol's channels, in an order that another protocol of the same name has too. */
function filtersOf(protocol: AnyProtocolConfig): FilterProgram[] {
  switch (protocol.kind) {
    case 'bgp':
      return protocol.channels.flatMap(({ importFilter, exportFilter }) => [importFilter, exportFilter]);
    case 'pipe':
      return [protocol.channel.importFilter, protocol.channel.exportFilter];
    case 'direct':
      return protocol.channels.flatMap(({ importFilter, exportFilter }) => [importFilter, exportFilter]);
    case 'static': {
      const { importFilter, exportFilter } = protocol.channel;
      return [importFilter, exportFilter, ...protocol.routes.flatMap(({ attributes }) => attributes ?? [])];
    }
    case 'mrt':
      return protocol.filter ? [protocol.filter] : [];
    default:
      return [];
  }
}

export class PolicyBook {
  readonly #store: AttrStore;
  readonly #clock: Clock;
  readonly #log: (level: LogLevel, text: string) => void;
  #compiler: FilterCompiler | undefined;
  #comparer = new FilterComparer();
  #policies = new Map<FilterProgram, Policy>();
  /** Those of the configuration before, while the next one is taken over. */
  #before: ReadonlyMap<FilterProgram, Policy> = new Map();
  /** The policies of both, by fingerprint; made when a filter is first searched for. */
  #index: Map<string, [FilterProgram, Policy][]> | undefined;
  /** Policies with another preference in front. */
  #preferring = new WeakMap<Policy, Map<number, Policy>>();
  /** Protocol that the last one repeats whose filters were taken over. */
  #repeated: BgpProtocolConfig | undefined;
  #errorAt = Number.NEGATIVE_INFINITY;

  constructor(store: AttrStore, clock: Clock, log: (level: LogLevel, text: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Takes filters from another configuration from here on; run-time errors of them are placed in its text. */
  begin(config: DaemonConfig): void {
    this.#before = this.#policies;
    this.#policies = new Map();
    this.#index = undefined;
    this.#repeated = undefined;
    this.#comparer = new FilterComparer();
    this.#compiler = new FilterCompiler(this.#store, {
      error: (filter, at, message) => {
        const now = this.#clock.now();
        if (now - this.#errorAt < FILTER_ERROR_INTERVAL_MS) return;
        this.#errorAt = now;
        const { file, line, column } = config.locate(at);
        this.#log('error', `filter ${filter}: ${file}:${line}:${column} ${message}`);
      },
      print: (text) => {
        this.#log('info', text);
      },
    });
  }

  /** The policy of a filter: that of the configuration before where both mean the same. Throws before `begin`. */
  policy(program: FilterProgram): Policy {
    const known = this.#policies.get(program);
    if (known) return known;
    const policy = this.#find(program) ?? this.#compiler!.policy(program);
    this.#policies.set(program, policy);
    this.#enter(program, policy);
    return policy;
  }

  /**
   * Takes over the policies of a protocol's filters, as far as they mean the same as those that it had before: that
   * needs no search.
   */
  adopt(protocol: AnyProtocolConfig, before: AnyProtocolConfig | undefined): void {
    // It has the very filters of the one that it repeats, which comes before it.
    const repeats = protocol.kind === 'bgp' ? protocol.repeats : undefined;
    if (repeats && repeats === this.#repeated) return;
    this.#repeated = repeats;
    const [old, own] = [before ? filtersOf(before) : [], filtersOf(protocol)];
    for (const [i, program] of own.entries()) {
      const known = old[i] && this.#before.get(old[i]);
      if (this.#policies.has(program)) continue;
      if (known && this.#comparer.same(old[i]!, program)) this.#policies.set(program, known);
      else this.policy(program);
    }
  }

  /** The import policy of a channel: routes have the channel's `preference` before the filter. */
  importPolicy(program: FilterProgram, preference: number): Policy {
    const policy = this.policy(program);
    if (preference === BGP_PREFERENCE) return policy;
    const known = this.#preferring.get(policy) ?? new Map<number, Policy>();
    this.#preferring.set(policy, known);
    const made = known.get(preference) ?? this.#withPreference(policy, preference);
    known.set(preference, made);
    return made;
  }

  /**
   * What the filter of a policy says to a route, with the place of the statement that said it in the configuration of
   * now. Undefined where the policy is of another configuration, as after `configure soft`.
   */
  decision(
    policy: Policy,
    attrs: number,
    context: PolicyContext,
    config: DaemonConfig,
  ): { readonly text: string } | undefined {
    const program = [...this.#policies].find(([, known]) => known === policy)?.[0];
    if (!program) return undefined;
    const compiler = new FilterCompiler(this.#store, { error: () => undefined, print: () => undefined });
    const { attrs: result, at } = compiler.decide(program, attrs, context);
    const verdict = result === NO_ATTRS ? 'reject' : result === attrs ? 'accept' : 'accept, with changes';
    if (program.kind !== 'filter') return { text: `${policy.name}: ${verdict}` };
    if (at === 0) return { text: `${policy.name}: ${verdict}, the filter failed` };
    const { file, line } = config.locate(at);
    return { text: `${policy.name}: ${verdict} at ${file}:${line}` };
  }

  /** A policy that means the same, of this configuration or the one before. */
  #find(program: FilterProgram): Policy | undefined {
    if (!this.#index) {
      this.#index = new Map();
      for (const [other, policy] of [...this.#policies, ...this.#before]) this.#enter(other, policy);
    }
    const similar = this.#index.get(fingerprint(program)) ?? [];
    return similar.find(([other]) => this.#comparer.same(other, program))?.[1];
  }

  #enter(program: FilterProgram, policy: Policy): void {
    const key = fingerprint(program);
    const similar = this.#index!.get(key);
    if (!similar) this.#index!.set(key, [[program, policy]]);
    // One of those that mean the same is enough.
    else if (!similar.some(([, other]) => other === policy)) similar.push([program, policy]);
  }

  #withPreference(policy: Policy, preference: number): Policy {
    const editor = new AttrEditor(this.#store);
    const value = u32Bytes(preference);
    return {
      name: policy.name,
      readsNetwork: policy.readsNetwork,
      readsSource: policy.readsSource,
      evaluate: (attrs, context) =>
        policy.evaluate(editor.edit(attrs).set(LOCAL_ATTR.preference, 0, value).commit(), context),
    };
  }
}
