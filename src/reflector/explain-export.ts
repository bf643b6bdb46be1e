/**
 * Where a path stands on its way to one neighbour, gate by gate. Asks the code that decides: the group's rules, its
 * limit and its Adj-RIB-Out; nothing is decided here.
 */
import { NO_ATTRS } from '../rib/attrs/store.ts';
import type { ExportGate } from './export.ts';
import type { PeerChannel } from './peer.ts';

/** In the order in which a route meets them. */
export const EXPORT_GATES = [
  'best path',
  'split horizon',
  'reflection',
  'cluster list',
  'communities',
  'only to customers',
  'export filter',
  'next hop',
  'export limit',
  'update group',
  'on the wire',
] as const;
export type ExportGateName = (typeof EXPORT_GATES)[number];

const GATE_OF: Readonly<Record<Exclude<ExportGate, 'sent'>, ExportGateName>> = {
  'no best path': 'best path',
  'not reflected between non-clients': 'reflection',
  'cluster loop': 'cluster list',
  'well-known community': 'communities',
  'only to customers': 'only to customers',
  'export policy': 'export filter',
  'no usable next hop': 'next hop',
};

export interface ExportExplanation {
  /** The gate that the path does not pass; undefined where it passes all. */
  readonly stoppedAt: ExportGateName | undefined;
  /** Attributes that it is sent with; 0 where it is not. */
  readonly attrs: number;
  /** What the neighbour's group holds in the path's place: the neighbour has been, or is being, sent that. */
  readonly onWire: number;
  /** Something is still to be done before the neighbour has what the gates say. */
  readonly waitsFor:
    'the next flush of the table' | 'encoding' | 'a walk through the table' | 'the socket' | undefined;
}

/** @param row a path of the channel's table that import policy accepted */
export function explainExport(channel: PeerChannel, row: number): ExportExplanation | undefined {
  const { member } = channel;
  if (!member) return undefined;
  const { group } = member;
  const { table, adjRibOut } = group;
  const net = table.paths.net[row]!;
  const source = table.paths.source[row]!;
  const slot = group.encoding.addPath ? row : net;
  const held = adjRibOut.attrs[slot] ?? NO_ATTRS;
  const heldSource = adjRibOut.source[slot] ?? 0;
  // Without ADD-PATH the slot may hold another path's route, which is not this one.
  const isThis = group.encoding.addPath || heldSource === source;
  const onWire = held !== NO_ATTRS && heldSource !== member.source && isThis ? held : NO_ATTRS;
  let stoppedAt: ExportGateName | undefined;
  let attrs = NO_ATTRS;
  if (!group.encoding.addPath && row !== table.best[net]) stoppedAt = 'best path';
  else if (source === member.source) stoppedAt = 'split horizon';
  else {
    const answer = group.rules.explain(row);
    if (answer.gate !== 'sent') stoppedAt = GATE_OF[answer.gate];
    else if (group.hasRoomFor(slot, source)) attrs = answer.attrs;
    else stoppedAt = 'export limit';
  }
  let waitsFor: ExportExplanation['waitsFor'];
  if (table.pending > 0) waitsFor = 'the next flush of the table';
  else if (group.isPending(net)) waitsFor = 'encoding';
  else if (member.walking) waitsFor = 'a walk through the table';
  else if (!member.caughtUp) waitsFor = 'the socket';
  if (group.isLimited && stoppedAt === undefined && onWire === NO_ATTRS && waitsFor === undefined) {
    // The limit was reached when the route came. It is looked at again when it changes, or on reload.
    stoppedAt = 'export limit';
    attrs = NO_ATTRS;
  }
  return { stoppedAt, attrs, onWire, waitsFor };
}
