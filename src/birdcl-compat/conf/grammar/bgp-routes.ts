/** Options of `protocol bgp` about the routes of the session: loops, attributes, preferences. */
import { bool, identifier, none, number, optionalNumber } from '../arguments.ts';
import { option } from '../rules.ts';
import type { Rule } from '../rules.ts';
import type { BgpDraft } from './bgp-draft.ts';

export const routeRules: Rule<BgpDraft>[] = [
  option('rr client', bool, (draft, value) => (draft.rrClient = value)),
  option('rr cluster id', identifier, (draft, value) => (draft.rrClusterId = value)),
  option('rs client', bool, (draft, value) => (draft.rsClient = value)),
  option('confederation', number, (draft, value) => (draft.confederation = value)),
  option('confederation member', bool, (draft, value) => (draft.confederationMember = value)),
  option('allow local as', optionalNumber, (draft, value) => (draft.allowLocalAs = value ?? 0xffff_ffff)),
  option('allow bgp_local_pref', bool, (draft, value) => (draft.allowLocalPref = value)),
  option('allow bgp_med', bool, (draft, value) => (draft.allowMed = value)),
  option('allow as sets', bool, (draft, value) => (draft.allowAsSets = value)),
  option('enforce first as', bool, (draft, value) => (draft.enforceFirstAs = value)),
  option('interpret communities', bool, (draft, value) => (draft.interpretCommunities = value)),
  option('path metric', bool, (draft, value) => (draft.pathMetric = value)),
  option('med metric', bool, (draft, value) => (draft.medMetric = value)),
  option('igp metric', bool, (draft, value) => (draft.igpMetric = value)),
  option('prefer older', bool, (draft, value) => (draft.preferOlder = value)),
  option('deterministic med', bool, (draft, value, context, at) => {
    draft.deterministicMed = value;
    if (!value) context.warn(at, "'deterministic med off' has no effect: Catbird always compares MED so");
  }),
  option('default bgp_med', number, (draft, value) => (draft.defaultMed = value)),
  option('default bgp_local_pref', number, (draft, value) => (draft.defaultLocalPref = value)),
];

/** Options that BIRD 1.6 words otherwise: without a value. */
const SWITCHES_1: readonly Rule<BgpDraft>[] = [
  option('rr client', none, (draft: BgpDraft) => (draft.rrClient = true)),
  option('rs client', none, (draft: BgpDraft) => (draft.rsClient = true)),
];

/** Options that came with BIRD 2. */
const SINCE_2: ReadonlySet<string> = new Set([
  'rr client',
  'rs client',
  'confederation',
  'confederation member',
  'allow bgp_med',
  'allow as sets',
  'enforce first as',
]);

export const routeRules1: readonly Rule<BgpDraft>[] = [
  ...routeRules.filter(({ words }) => !SINCE_2.has(words)),
  ...SWITCHES_1,
];
