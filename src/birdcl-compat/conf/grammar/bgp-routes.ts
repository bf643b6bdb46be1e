/** Options of `protocol bgp` about the routes of the session: loops, attributes, preferences. */
import { bool, identifier, none, number, optionalNumber } from '../arguments.ts';
import { option, refused } from '../rules.ts';
import type { Rule } from '../rules.ts';
import type { BgpDraft } from './bgp-draft.ts';

const NO_CONFEDERATIONS = 'Catbird has no confederations yet';

export const routeRules: Rule<BgpDraft>[] = [
  option('rr client', bool, (draft, value) => (draft.rrClient = value)),
  option('rr cluster id', identifier, (draft, value) => (draft.rrClusterId = value)),
  option('rs client', bool, (draft, value) => (draft.rsClient = value)),
  option('confederation', number, (draft, value, context, at) => {
    draft.confederation = value;
    if (value !== 0) context.refuse(at, "'confederation' is not built yet", NO_CONFEDERATIONS);
  }),
  option('confederation member', bool, (draft, value, context, at) => {
    draft.confederationMember = value;
    if (value) context.refuse(at, "'confederation member' is not built yet", NO_CONFEDERATIONS);
  }),
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
  refused('default bgp_med', number, 'Catbird takes a missing MED as 0', (value) => value === 0),
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
