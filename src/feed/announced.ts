/** What the neighbour holds of the routes that were sent, so that it can be told and withdrawn again. */
import { FAMILIES, familyOf, IPV4, type Family, type FamilyIndex } from '../base/family.ts';
import { ATTR } from '../rib/attrs/codes.ts';
import { NetworkTable } from '../rib/network-table.ts';
import { NlriBatch } from '../rib/nlri-batch.ts';
import { decodeNlri, encodeNlri, maxNlriLength } from '../speaker/wire/nlri.ts';
import { HEADER_LENGTH } from '../speaker/wire/update-encode.ts';
import { BatchBuilder, type Batch, type BatchLimits } from './batch.ts';
import type { Target } from './target.ts';
import { readAttributes, u16, viewMpReach, viewMpUnreach, viewUpdate } from './update-view.ts';
import { writeWithdrawals } from './update-writer.ts';

/** Networks are withdrawn in groups of this many, or fewer where the rate is limited. */
const WITHDRAW_GROUP = 4096;

interface Held {
  readonly family: Family;
  readonly nets: NetworkTable;
  /** Path identifiers by network, where the session uses them. */
  readonly pathIds: Map<number, Set<number>>;
}

export class Announced {
  readonly #held: Held[] = FAMILIES.map((family) => ({
    family,
    nets: new NetworkTable(family),
    pathIds: new Map<number, Set<number>>(),
  }));
  readonly #scratch = new NlriBatch();

  /** Networks that are announced, over all families; several paths to one count once. */
  get size(): number {
    return this.#held.reduce((sum, { nets }) => sum + nets.size, 0);
  }

  /** Notes what is in messages that go to `target`. Parts that are malformed are left out. */
  apply({ bytes }: Batch, target: Target): void {
    for (let at = 0; at < bytes.length;) {
      const end = at + u16(bytes, at + 16);
      this.#applyUpdate(bytes, at + HEADER_LENGTH, end, target);
      at = end;
    }
  }

  /** Messages that withdraw everything; it is forgotten as they are applied. */
  async *withdrawals(target: Target, limits: BatchLimits): AsyncGenerator<Batch> {
    const out = new BatchBuilder(limits);
    for (const held of this.#held) {
      const addPath = target.families[held.family.index]?.addPath === true;
      const group = Math.min(WITHDRAW_GROUP, limits.routes);
      const nlri = new Uint8Array(group * maxNlriLength(held.family, addPath));
      let length = 0;
      const flush = (): void => {
        writeWithdrawals(out, held.family, nlri.subarray(0, length), addPath, target.maxLength);
        length = 0;
      };
      for (const [net, pathId] of routesOf(held)) {
        const { family, nets } = held;
        const words = net * family.words;
        length = encodeNlri(nlri, length, nets.words, words, nets.length[net]!, addPath ? pathId : undefined);
        if (length + maxNlriLength(family, addPath) > nlri.length) flush();
        if (out.isFull) yield out.take();
      }
      flush();
    }
    if (!out.isEmpty) yield out.take();
  }

  #applyUpdate(bytes: Uint8Array, start: number, end: number, target: Target): void {
    const view = viewUpdate(bytes, start, end);
    if (!view) return;
    this.#change(IPV4.index, bytes, view.withdrawnAt, view.withdrawnEnd, target, false);
    for (const { code, value } of readAttributes(bytes, view.attributesAt, view.attributesEnd) ?? []) {
      if (code !== ATTR.mpReach && code !== ATTR.mpUnreach) continue;
      const reach = code === ATTR.mpReach;
      const routes = reach ? viewMpReach(value) : viewMpUnreach(value);
      const family = routes && familyOf(routes.afi, routes.safi);
      if (family) this.#change(family.index, routes.nlri, 0, routes.nlri.length, target, reach);
    }
    this.#change(IPV4.index, bytes, view.nlriAt, view.nlriEnd, target, true);
  }

  #change(
    index: FamilyIndex,
    bytes: Uint8Array,
    start: number,
    end: number,
    target: Target,
    announced: boolean,
  ): void {
    const agreed = target.families[index];
    if (start === end || !agreed) return;
    const batch = this.#scratch;
    const held = this.#held[index]!;
    const { family } = held;
    decodeNlri(bytes, start, end, family, agreed.addPath, batch);
    for (let i = 0; i < batch.count; i++) {
      const words = i * family.words;
      const pathId = agreed.addPath ? batch.pathId[i]! : undefined;
      if (announced) hold(held, held.nets.add(batch.words, words, batch.length[i]!), pathId);
      else release(held, held.nets.find(batch.words, words, batch.length[i]!), pathId);
    }
  }
}

function hold({ pathIds }: Held, net: number, pathId: number | undefined): void {
  if (pathId === undefined) return;
  const known = pathIds.get(net);
  if (known) known.add(pathId);
  else pathIds.set(net, new Set([pathId]));
}

function release({ nets, pathIds }: Held, net: number, pathId: number | undefined): void {
  if (net === 0) return;
  if (pathId !== undefined) {
    const known = pathIds.get(net);
    known?.delete(pathId);
    if (known && known.size > 0) return;
    pathIds.delete(net);
  }
  nets.remove(net);
}

/** Takes out and gives back one route after the other. */
function* routesOf(held: Held): Generator<[net: number, pathId: number]> {
  const { nets, pathIds } = held;
  for (let net = 1; net < nets.end; net++) {
    if (!nets.isUsed(net)) continue;
    for (const pathId of pathIds.get(net) ?? [0]) yield [net, pathId];
  }
}
