import assert from 'node:assert/strict';
import type { Member, MemberEvent } from '../../../src/spi/membership.js';
import { type MembershipRule, membershipRules } from '../../../src/testing/membership/membership-checker.js';
import { disturbances } from '../../../src/testing/membership/membership-plan.js';
import { MembershipRun, type MembershipRunOptions, ruleOf } from '../../../src/testing/membership/membership-run.js';
import { membershipScenario } from '../../../src/testing/membership/membership-scenario.js';
import type { Watched } from '../../../src/testing/membership/watched.js';

/** Failures of long searches, by what was wrong then. */
const onceBroken: readonly { readonly seed: number; readonly was: string }[] = [
  { seed: 8, was: 'a member refused the pulls of one that it had never taken in' },
  { seed: 77, was: 'two nodes stayed strangers to each other after a partition' },
  { seed: 886, was: 'a process with an early epoch was not told of its own later tombstone' },
  { seed: 1088, was: 'the same, among nine' },
  { seed: 2384, was: 'metadata that changed while leaving brought the member back' },
  { seed: 138, was: 'two survivors of ten needed a second more than the floor that was derived' },
  { seed: 204, was: 'an answer to a pull gave old metadata the incarnation of a doubt' },
];

describe('the membership scenario', () => {
  it('passes a range of seeds, and exercises every rule and every disturbance in it', async () => {
    const totals: Record<string, number> = {};
    for (let seed = 1; seed <= 25; seed += 1) {
      const outcome = await membershipScenario.run(seed);
      assert.deepEqual(outcome.faults, [], `sim seed ${seed}`);
      for (const [name, count] of Object.entries(outcome.counts)) totals[name] = (totals[name] ?? 0) + count;
    }
    const wanted = [
      ...membershipRules.map((rule) => `checked ${rule}`),
      ...disturbances,
      ...['joined', 'updated', 'suspect', 'alive', 'left', 'failed'].map((kind) => `told ${kind}`),
      ...['lost', 'cut', 'duplicated', 'reordered'].map((kind) => `datagrams ${kind}`),
      ...['refuted-self', 'stalled', 'suspicion-held', 'life-replaced', 'reconnect-tried'].map(
        (name) => `machine ${name}`,
      ),
      'moved',
      'forgetful',
    ];
    assert.deepEqual(
      wanted.filter((name) => (totals[name] ?? 0) === 0),
      [],
    );
  }).timeout(120_000);

  it('gives the same run for the same seed', async () => {
    const [one, two] = [await membershipScenario.run(3), await membershipScenario.run(3)];
    assert.equal(one.fingerprint, two.fingerprint);
    assert.deepEqual(one.counts, two.counts);
  }).timeout(20_000);

  for (const { seed, was } of onceBroken) {
    it(`still passes sim seed ${seed}: ${was}`, async () => {
      assert.deepEqual((await membershipScenario.run(seed)).faults, []);
    }).timeout(20_000);
  }

  for (const [rule, wrap] of breakers()) {
    it(`catches a membership that breaks ${rule}`, async () => {
      const broken = new Set<MembershipRule | undefined>();
      for (let seed = 1; seed <= 12 && !broken.has(rule); seed += 1) {
        const { faults } = await new MembershipRun(seed, { wrap }).run();
        for (const fault of faults) broken.add(ruleOf(fault));
      }
      assert.ok(broken.has(rule), `only ${[...broken].join()}`);
    }).timeout(60_000);
  }
});

type Wrap = NonNullable<MembershipRunOptions['wrap']>;

/** A sound membership made to break one rule. */
function breakers(): readonly (readonly [MembershipRule, Wrap])[] {
  return [
    ['illegal-pair', told((event) => (event.kind === 'alive' ? [] : [event]))],
    [
      'incarnation-monotonic',
      told((event) => (event.kind === 'alive' ? [withMember(event, { incarnation: 0 })] : [event])),
    ],
    ['no-resurrection', told((event) => (isGone(event) ? [event, { ...event, kind: 'joined' }] : [event]))],
    ['self-incarnation', listed((member) => ({ ...member, incarnation: member.incarnation + 1 }))],
    ['self-liveness', over((watched) => ({ ...ownOf(watched), status: 'suspect' }))],
    ['metadata-per-incarnation', listed((member) => ({ ...member, metadata: spoilt(member.metadata) }))],
    ['boundedness', derived({ newsCount: () => 1000 })],
    ['convergence', derived({ members: (watched) => watched.members().slice(0, -1) })],
    ['healthy-pair', derived({ members: (watched) => watched.members().filter(({ name }) => name !== 'n1') })],
  ];
}

function isGone({ kind }: MemberEvent): boolean {
  return kind === 'failed' || kind === 'left';
}

function spoilt(metadata: Uint8Array | undefined): Uint8Array | undefined {
  return metadata === undefined || metadata.length === 0 ? metadata : metadata.map((byte) => byte ^ 1);
}

function withMember(event: MemberEvent, member: Partial<Member>): MemberEvent {
  return { ...event, member: { ...event.member, ...member } };
}

function ownOf(watched: Watched): Member {
  return watched.self;
}

/** What listeners are told instead. */
function told(change: (event: MemberEvent) => readonly MemberEvent[]): Wrap {
  return (watched) =>
    derive(watched, {
      listen: (listener) =>
        watched.listen((event) => {
          for (const changed of change(event)) listener(changed);
        }),
    });
}

/** What is listed of others instead. */
function listed(change: (member: Member) => Member): Wrap {
  return (watched, own) =>
    derive(watched, {
      members: () => watched.members().map((member) => (member.name === own ? member : change(member))),
    });
}

/** What it says of itself instead. */
function over(self: (watched: Watched) => Member): Wrap {
  return (watched) => Object.defineProperty(derive(watched, {}), 'self', { get: () => self(watched) });
}

function derived(change: { newsCount?: () => number; members?: (watched: Watched) => readonly Member[] }): Wrap {
  return (watched) => {
    const { newsCount, members } = change;
    const made = derive(watched, members === undefined ? {} : { members: () => members(watched) });
    if (newsCount !== undefined) Object.defineProperty(made, 'newsCount', { get: newsCount });
    return made;
  };
}

/** The same but for what is given; getters stay live. */
function derive(watched: Watched, given: Partial<Pick<Watched, 'listen' | 'members'>>): Watched {
  const made: Watched = Object.create(watched);
  for (const [name, value] of Object.entries(given)) Object.defineProperty(made, name, { value });
  return made;
}
