/**
 * The cases that every daemon is put through: Catbird reflects on the host between the subject, a daemon of
 * another making, and witnesses that run BIRD 2. What a neighbour must hold is computed from what was announced and
 * RFC 4456: ORIGINATOR_ID is the announcer's router ID, CLUSTER_LIST starts with the last reflector, all else stays.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReflectorProcess } from '../daemon/process.ts';
import { addBridgeIpv6, bridgeAddress, Container, LAB_IMAGE } from '../lab/container.ts';
import { BIRD2 } from '../lab/daemons/bird2.ts';
import { sorted, type LabRoute } from '../lab/route.ts';
import type { Announcement, Subject, SubjectKind, SubjectOptions } from '../lab/subject.ts';
import { routesOf, changed } from './announcements.ts';
import { reflectorConfig, type Neighbour } from './reflector-config.ts';

/** Catbird's router ID, and its cluster ID towards everybody. */
export const CATBIRD_ID = '10.255.0.1';
const SUBJECT_ID = '10.255.0.2';
const WITNESS_ID = '10.255.0.3';
const BEHIND_ID = '10.255.0.4';
const OTHER_CLUSTER = '10.254.0.2';
/**
 * How long a daemon may take to connect, or to show a change. A first attempt that comes too early, when an IPv6 address is
 * still being checked for duplicates, is repeated by some only after a good while.
 */
const LIMIT_MS = 60_000;

/** What a neighbour holds of announcements after reflection, the last reflector's cluster first. */
function reflected(
  routes: readonly Announcement[],
  originatorId: string,
  clusterList: readonly string[] = [CATBIRD_ID],
): LabRoute[] {
  return sorted(routes.map((route) => ({ ...route, originatorId, clusterList })));
}

/** Waits until the subject holds exactly these routes. A daemon that is not up yet holds nothing. */
async function expectHeld(subject: Subject, routes: readonly LabRoute[], neighbour?: string): Promise<void> {
  await expect
    .poll(async () => sorted(await subject.held(neighbour).catch(() => [])), {
      timeout: LIMIT_MS,
      interval: 200,
    })
    .toEqual(sorted(routes));
}

/** Announces, once the daemon that was just started listens to its tools. */
async function expectAnnounced(subject: Subject, routes: readonly Announcement[]): Promise<void> {
  await expect
    .poll(
      () =>
        subject.announce(routes).then(
          () => true,
          () => false,
        ),
      { timeout: LIMIT_MS },
    )
    .toBe(true);
}

/** Registers all cases of one kind of daemon. */
export function suite(kind: SubjectKind): void {
  describe.skipIf(LAB_IMAGE === undefined)(kind.title, () => {
    const boxes: Container[] = [];
    let catbird: ReflectorProcess | undefined;
    let witness: Subject;
    let subject: Subject;

    const box = (at: number): Container => boxes[at]!;
    /** Addresses of the sessions with the subject: Catbird's, the subject's, and of the one behind it. */
    const session = { catbird: '', subject: '', behind: '' };
    const subjectRoutes = (): Announcement[] => routesOf('subject', session.subject, kind);
    const witnessRoutes = (): Announcement[] =>
      routesOf('witness', box(0).address, { ...BIRD2, families: kind.families });

    const witnessNeighbour = (name: string, at: number): Neighbour => ({
      ...{ name, address: box(at).address, local: bridgeAddress(), isClient: true },
    });

    /** Starts the subject anew; Catbird and the witness go on. */
    const restartSubject = async (
      neighbour: Omit<Neighbour, 'name' | 'address' | 'local'>,
      options: Partial<SubjectOptions> = {},
    ): Promise<void> => {
      await subject.kill().catch(() => undefined);
      await catbird!.configure(
        reflectorConfig(CATBIRD_ID, [
          witnessNeighbour('witness', 0),
          { name: 'subject', address: session.subject, local: session.catbird, ...neighbour },
          witnessNeighbour('second', 2),
        ]),
      );
      subject = kind.make({
        container: box(1),
        reflector: session.catbird,
        routerId: SUBJECT_ID,
        ...options,
      });
      await subject.start();
    };

    beforeAll(async () => {
      boxes.push(
        ...(await Promise.all(
          ['witness', 'subject', 'second'].map((name) => Container.start(`${kind.key}-${name}`)),
        )),
      );
      catbird = await ReflectorProcess.start(() =>
        reflectorConfig(CATBIRD_ID, [witnessNeighbour('witness', 0)]),
      );
      witness = BIRD2.make({ container: box(0), reflector: bridgeAddress(), routerId: WITNESS_ID });
      const isIpv6 = kind.transport === 6;
      session.catbird = isIpv6 ? await addBridgeIpv6() : bridgeAddress();
      session.subject = isIpv6 ? await box(1).addIpv6() : box(1).address;
      session.behind = isIpv6 ? await box(2).addIpv6() : box(2).address;
      subject = kind.make({ container: box(1), reflector: session.catbird, routerId: SUBJECT_ID });
      await witness.start();
    });

    afterAll(async () => {
      await Promise.all(boxes.map((each) => each.stop()));
      await catbird?.stop();
    });

    describe.each([
      { role: 'client', isClient: true },
      { role: 'non-client', isClient: false },
    ])('as $role', ({ isClient }) => {
      beforeAll(async () => {
        await restartSubject({ isClient });
      });

      test('holds what the witness announces, and its own routes reach the witness', async () => {
        await expectAnnounced(witness, witnessRoutes());
        await expectHeld(subject, reflected(witnessRoutes(), WITNESS_ID));
        await subject.announce(subjectRoutes());
        await expectHeld(witness, reflected(subjectRoutes(), SUBJECT_ID));
        // Nobody is sent its own routes.
        await expectHeld(subject, reflected(witnessRoutes(), WITNESS_ID));
      });

      test('changes arrive on both sides', async () => {
        await witness.announce(changed(witnessRoutes()));
        await subject.announce(changed(subjectRoutes()));
        await expectHeld(subject, reflected(changed(witnessRoutes()), WITNESS_ID));
        await expectHeld(witness, reflected(changed(subjectRoutes()), SUBJECT_ID));
      });

      test('withdrawals arrive on both sides', async () => {
        await witness.announce(witnessRoutes().slice(1));
        await subject.announce(subjectRoutes().slice(1));
        await expectHeld(subject, reflected(witnessRoutes().slice(1), WITNESS_ID));
        await expectHeld(witness, reflected(subjectRoutes().slice(1), SUBJECT_ID));
      });

      test.runIf(kind.refreshes)('a route refresh that it asks for changes nothing', async () => {
        const before = await bytesFromCatbird(box(1), session.catbird);
        await subject.refresh();
        // More than a few KEEPALIVE messages of 19 bytes: all routes were sent again.
        await expect
          .poll(() => bytesFromCatbird(box(1), session.catbird), { timeout: LIMIT_MS })
          .toBeGreaterThan(before + 150);
        await expectHeld(subject, reflected(witnessRoutes().slice(1), WITNESS_ID));
        await expectHeld(witness, reflected(subjectRoutes().slice(1), SUBJECT_ID));
      });

      test('its routes go with the session and come back with it', async () => {
        await subject.kill();
        await expectHeld(witness, []);
        await subject.start();
        await expectHeld(witness, reflected(subjectRoutes().slice(1), SUBJECT_ID));
        await expectHeld(subject, reflected(witnessRoutes().slice(1), WITNESS_ID));
      });
    });

    test.runIf(kind.restartsGracefully)(
      'a graceful restart leaves its routes in place until it has said what it still has',
      async () => {
        await restartSubject({ isClient: true }, { gracefulRestart: true });
        await witness.announce(witnessRoutes());
        await expectHeld(subject, reflected(witnessRoutes(), WITNESS_ID));
        await subject.announce(subjectRoutes());
        await expectHeld(witness, reflected(subjectRoutes(), SUBJECT_ID));

        const kept = reflected(subjectRoutes().slice(1), SUBJECT_ID);
        const isUp = async (): Promise<boolean> =>
          (await catbird!.ask('show protocols subject')).includes('Established');
        await subject.kill();
        await expect.poll(isUp, { timeout: LIMIT_MS }).toBe(false);
        // Nothing is said of the first route after the restart: it goes with the End-of-RIB. The others stay throughout.
        const restarted = subject.start(subjectRoutes().slice(1));
        const deadline = Date.now() + 2 * LIMIT_MS;
        for (let held: LabRoute[] = []; held.length !== kept.length;) {
          held = sorted(await witness.held());
          expect(held).toEqual(expect.arrayContaining(kept));
          expect(Date.now()).toBeLessThan(deadline);
        }
        await restarted;
        expect(await isUp()).toBe(true);
        await expectHeld(subject, reflected(witnessRoutes(), WITNESS_ID));
        await expectHeld(witness, kept);
      },
    );

    test.runIf(kind.addPaths)('holds both paths of a prefix over ADD-PATH', async () => {
      const [prefix, nextHop] = kind.families.includes(4)
        ? ['10.9.0.0/16', '10.88.77.9']
        : ['2001:db8:9::/48', '2001:db8:88::9'];
      const first = { ...witnessRoutes()[1]!, prefix };
      const other = { ...first, nextHop, localPref: 90, med: 5, communities: [] };
      const second = BIRD2.make({ container: box(2), reflector: bridgeAddress(), routerId: BEHIND_ID });
      await restartSubject({ isClient: true, addPaths: true }, { addPaths: true });
      await second.start();
      await witness.announce([first]);
      await expectAnnounced(second, [other]);
      const paths = [...reflected([first], WITNESS_ID), ...reflected([other], BEHIND_ID)];
      await expectHeld(subject, paths);
      // The better one goes: the other stays as it is.
      await witness.announce([]);
      await expectHeld(subject, paths.slice(1));
      await second.kill();
    });

    describe.runIf(kind.reflects)('as a second reflector', () => {
      let behind: Subject;
      const behindRoutes = (): Announcement[] =>
        routesOf('behind', box(2).address, { ...BIRD2, families: kind.families });

      const start = async (clusterId: string): Promise<void> => {
        await restartSubject({ isClient: false }, { cluster: { id: clusterId, client: session.behind } });
        behind = BIRD2.make({ container: box(2), reflector: session.subject, routerId: BEHIND_ID });
        await behind.start();
        await expectAnnounced(behind, behindRoutes());
        await witness.announce(witnessRoutes());
        // OpenBGPD shows the attributes of reflection already here: prefixes must do.
        const prefixes = async (): Promise<string[]> =>
          sorted(await subject.held(session.behind).catch(() => [])).map(({ prefix }) => prefix);
        await expect
          .poll(prefixes, { timeout: LIMIT_MS })
          .toEqual(sorted(reflected(behindRoutes(), BEHIND_ID)).map(({ prefix }) => prefix));
      };

      test('of another cluster, passes routes both ways with both clusters in CLUSTER_LIST', async () => {
        await start(OTHER_CLUSTER);
        await expectHeld(witness, reflected(behindRoutes(), BEHIND_ID, [CATBIRD_ID, OTHER_CLUSTER]));
        await expectHeld(behind, reflected(witnessRoutes(), WITNESS_ID, [OTHER_CLUSTER, CATBIRD_ID]));
        await behind.kill();
      });

      test.runIf(kind.sharesCluster)('of the same cluster, has what it reflects ignored', async () => {
        await start(CATBIRD_ID);
        await subject.announce(subjectRoutes());
        await expectHeld(witness, reflected(subjectRoutes(), SUBJECT_ID));
        // What follows on the session arrives, so what it reflected before was handled: and none of it is there.
        await subject.announce(changed(subjectRoutes()));
        await expectHeld(witness, reflected(changed(subjectRoutes()), SUBJECT_ID));
        await behind.kill();
      });
    });
  });
}

/** How many bytes of its present connection the container has had from Catbird, as its kernel counts them. */
async function bytesFromCatbird(container: Container, address: string): Promise<number> {
  const answer = await container.exec(
    `ss -tinH state established dst ${address.includes(':') ? `[${address}]` : address}`,
  );
  return Number(/bytes_received:(\d+)/.exec(answer)?.[1] ?? 0);
}
