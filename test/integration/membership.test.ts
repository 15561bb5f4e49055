import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('member-process.ts', import.meta.url));

describe('nodes in processes of their own', function processes() {
  this.timeout(60_000);
  let crew: Crew;

  beforeEach(async () => {
    crew = await Crew.start(5);
  });

  afterEach(() => crew.stop());

  it('know everyone who was there as soon as start has resolved', () => {
    const seen = crew.members.map((member) => member.atStart.length);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  });

  it('keep one that was stopped for five seconds, and have it back within half a second', async () => {
    const [, , third] = crew.members;
    assert.ok(third !== undefined, 'a third process');
    const stoppedAt = Date.now();
    third.child.kill('SIGSTOP');
    await crew.until(() => crew.seen('suspect', third.name).length === 4, 'all others to suspect it', 5000);
    await crew.reach(stoppedAt + 5000);
    const resumedAt = Date.now();
    third.child.kill('SIGCONT');
    await crew.until(() => crew.seen('alive', third.name).length === 4, 'all others to have it back', 5000);
    const backMs = Math.max(...crew.seen('alive', third.name).map(({ atMs }) => atMs - resumedAt));
    process.stdout.write(`      back ${backMs} ms after SIGCONT\n`);
    assert.ok(backMs <= 500, `back after ${backMs} ms`);
    assert.deepEqual(crew.all('failed'), []);
    const accused = crew.all('suspect').filter(({ subject }) => subject !== third.name);
    assert.deepEqual(accused, []);
  });

  it('find one that was killed', async () => {
    const [, second] = crew.members;
    assert.ok(second !== undefined, 'a second process');
    const killedAt = Date.now();
    second.child.kill('SIGKILL');
    await crew.until(() => crew.seen('failed', second.name).length === 4, 'all others to remove it', 20_000);
    const [first, suspected, last] = [
      crew.firstAt('failed', second.name) - killedAt,
      crew.firstAt('suspect', second.name) - killedAt,
      Math.max(...crew.seen('failed', second.name).map(({ atMs }) => atMs - killedAt)),
    ];
    // Targets T4: first removal 1000 ms in the median and 2500 ms at the 99th, all survivors 1500 ms in the median.
    process.stdout.write(
      `      suspect after ${suspected} ms, first removal after ${first} ms, all survivors after ${last} ms\n`,
    );
    assert.ok(first <= 2500, `first removal after ${first} ms`);
    assert.deepEqual(
      crew.all('failed').filter(({ subject }) => subject !== second.name),
      [],
    );
  });

  it('accuse nobody to death however their loops stall', async () => {
    let stalls = 0;
    for (let round = 0; round < 5; round += 1) {
      const durations = [50, 200, 800, 2500];
      for (const [index, member] of crew.members.slice(0, 4).entries()) {
        const stallMs = durations[(index + round) % 4] ?? 50;
        const where = (['timer', 'io', 'immediate'] as const)[(index + round) % 3];
        member.child.send({ stallMs, where });
        stalls += 1;
      }
      await crew.reach(Date.now() + 3000);
    }
    await crew.until(() => crew.agrees(), 'everyone alive everywhere', 5000);
    process.stdout.write(
      `      ${stalls} stalls, ${crew.all('suspect').length} suspicions, ${crew.all('failed').length} failures\n`,
    );
    assert.deepEqual(crew.all('failed'), []);
  });
});

interface Told {
  readonly kind: string;
  readonly subject: string;
  readonly epoch: number;
  readonly atMs: number;
  readonly observer: string;
}

interface CrewMember {
  readonly name: string;
  readonly child: ChildProcess;
  readonly atStart: readonly string[];
}

/** Processes that were started one after the other, and what they told. */
class Crew {
  readonly members: CrewMember[] = [];
  readonly #told: Told[] = [];

  static async start(count: number): Promise<Crew> {
    const crew = new Crew();
    const ports = await freePorts(count);
    for (let index = 1; index <= count; index += 1) await crew.#startOne(`p${index}`, ports, ports[index - 1] ?? 0);
    await crew.until(() => crew.members.every(({ name }) => crew.#knows(name)), 'everyone to know everyone', 10_000);
    return crew;
  }

  all(kind: string): readonly Told[] {
    return this.#told.filter((told) => told.kind === kind);
  }

  seen(kind: string, subject: string): readonly Told[] {
    return this.all(kind).filter((told) => told.subject === subject);
  }

  firstAt(kind: string, subject: string): number {
    return Math.min(...this.seen(kind, subject).map(({ atMs }) => atMs));
  }

  /** True when the last word of everybody on everybody is not that he is suspect or gone. */
  agrees(): boolean {
    const last = new Map<string, string>();
    for (const { observer, subject, kind } of this.#told) last.set(`${observer} ${subject}`, kind);
    return [...last.values()].every((kind) => kind !== 'suspect' && kind !== 'failed');
  }

  async until(condition: () => boolean, what: string, maxMs: number): Promise<void> {
    const end = Date.now() + maxMs;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`waited ${maxMs} ms for ${what}: ${JSON.stringify(this.#told.slice(-20))}`);
      await pause(5);
    }
  }

  /** Lets the wall reach a time: the length of a stall is what is being tested. */
  async reach(wallMs: number): Promise<void> {
    while (Date.now() < wallMs) await pause(Math.min(50, wallMs - Date.now() + 1));
  }

  async stop(): Promise<void> {
    const ends = this.members.map(async ({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    await Promise.all(ends);
  }

  #knows(name: string): boolean {
    const member = this.members.find((one) => one.name === name);
    const joined = this.#told.filter((told) => told.observer === name && told.kind === 'joined').length;
    return (member?.atStart.length ?? 0) + joined >= this.members.length;
  }

  #startOne(name: string, ports: readonly number[], port: number): Promise<void> {
    const child = fork(script, [name, ports.join(','), `${port}`], { execArgv: ['--import', 'tsx'] });
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
      child.on('message', (message: Omit<Told, 'observer'>) => {
        if (message.kind === 'ready') {
          this.members.push({ name, child, atStart: message.subject.split(',') });
          resolve();
        } else {
          this.#told.push({ ...message, observer: name });
        }
      });
    });
  }
}

/** Ports below those that systems give to outgoing connections, free for datagrams and connections. */
async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count && tries < 200; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) found.add(port);
  }
  assert.equal(found.size, count, 'free ports');
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    // Taken; another one will do.
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
