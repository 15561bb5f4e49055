import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { call, createNode, defineService, type ClusterNode, type NodeOptions } from '../../src/index.js';
import { drawLabel, type Program, Programs } from './process-fixture.js';

const echoService = defineService('echo', {
  version: '1.0.0',
  methods: { echo: call<string, string>({ idempotent: true }) },
});

describe('nodes in processes of their own', function processes() {
  this.timeout(90_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  it('find each other with no configuration, call each other and get events', async () => {
    const label = drawLabel();
    const first = programs.run('first', peer('first', `{ name: 'first', label: '${label}' }`));
    await first.until(/up at 127\.0\.0\.1:\d+/);
    const second = programs.run('second', peer('second', `{ name: 'second', label: '${label}' }`));
    await second.until(/sees first,second/);
    await first.until(/sees first,second/);
    await second.until(/first answers hi second/);
    await first.until(/second answers hi first/);
    await first.until(/event from second/);
    await second.until(/event from first/);
    for (const program of [first, second]) program.kill('SIGTERM');
    assert.deepEqual([await first.exit(), await second.exit()], [0, 0], first.errors + second.errors);
  });

  it('miss one that is killed within 3 s, go on, and take it back under its name', async () => {
    const label = drawLabel();
    const start = (name: string, seeds: readonly string[]): Program => {
      const options = `{ name: '${name}', label: '${label}', port: 0, seeds: ${JSON.stringify(seeds)} }`;
      return programs.run(`${name}-${seeds.length}`, peer(name, options));
    };
    const one = start('one', []);
    const [, address = ''] = await one.until(/up at (\S+)/);
    const two = start('two', [address]);
    const three = start('three', [address]);
    for (const program of [one, two, three]) await program.until(/sees one,three,two/);
    const [, twoAddress = ''] = await two.until(/up at (\S+)/);
    await one.until(/three answers hi one/);
    const seen = [one.out.length, two.out.length] as const;
    const killedAt = Date.now();
    three.kill('SIGKILL');
    await Promise.all([one.until(/suspect three/, seen[0], 3000), two.until(/suspect three/, seen[1], 3000)]);
    assert.ok(Date.now() - killedAt < 3000);
    await one.until(/two answers hi one/, seen[0]);
    const again = start('three', [address, twoAddress]);
    await again.until(/sees one,three,two/);
    for (const [index, program] of [one, two].entries()) {
      await program.until(/sees one,three,two[^]*three answers hi/, seen[index]);
    }
    await again.until(/one answers hi three/);
  });

  it('end by themselves when their start fails', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const program = programs.run(
      'failing',
      `import { createNode } from 'scalebus';
       const node = createNode({ name: 'failing', port: ${port}, seeds: [] });
       await node.start().catch((error) => console.log(error.code, error.message));`,
    );
    assert.equal(await program.exit(), 0);
    assert.match(program.out, new RegExp(`^address-in-use .*port ${port} on 127\\.0\\.0\\.1 is taken; stop the other`));
    taken.close();
  });
});

describe('a node on real sockets', function sockets() {
  this.timeout(60_000);
  const nodes: ClusterNode[] = [];

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
  });

  it('outlives bytes of any kind on both of its ports, and goes on serving', async () => {
    const one = await start({ seeds: [] });
    const two = await start({ seeds: [one.address] });
    one.rpc.register(echoService, { echo: (text) => `${text} one` });
    const [host = '', port = ''] = one.address.split(':');
    for (const [index, bytes] of hostileBytes().entries()) {
      await sendTcp({ host, port: Number(port) }, bytes);
      await sendUdp({ host, port: Number(port) }, bytes);
      if (index % 10 === 0) assert.equal(await echo(two), 'hi one');
    }
    assert.equal(await echo(two), 'hi one');
    const late = await start({ seeds: [one.address] });
    assert.equal(await echo(late), 'hi one');
    assert.deepEqual(
      one.members().map(({ name, status }) => `${name} ${status}`).length,
      3,
      'no junk has become a member',
    );
  });

  it('leaves nothing open after stop', async () => {
    const node = await start({ seeds: [] });
    const port = Number(node.address.split(':')[1]);
    await node.stop();
    const again = createServer().listen(port, '127.0.0.1');
    await once(again, 'listening');
    again.close();
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    await once(socket, 'listening');
    socket.close();
  });

  it('refuses a name that is taken', async () => {
    const one = await start({ name: 'same', seeds: [] });
    await assert.rejects(start({ name: 'same', seeds: [one.address] }), { code: 'name-taken' });
    assert.equal(one.state, 'running');
  });

  it('counts what it did', async () => {
    const one = await start({ seeds: [] });
    await start({ seeds: [one.address] });
    assert.match(one.metricsText(), /^# TYPE \w+ counter$/m);
  });

  const label = drawLabel();

  async function start(options: NodeOptions): Promise<ClusterNode> {
    const node = createNode({ label, port: 0, ...options });
    nodes.push(node);
    await node.start();
    return node;
  }
});

function echo(node: ClusterNode): Promise<string> {
  return node.rpc.client(echoService, { timeoutMs: 5000 }).echo('hi');
}

/** A node that says on its output whom it sees, and calls and tells everybody twice a second. */
function peer(name: string, options: string): string {
  return `
    import { call, createNode, defineService } from 'scalebus';
    const echo = defineService('echo', { version: '1.0.0', methods: { echo: call<string, string>({ idempotent: true }) } });
    const node = createNode(${options});
    await node.start();
    console.log('up at', node.address);
    node.rpc.register(echo, { echo: (text) => text + ' ${name}' });
    node.bus.subscribe('/beat', ({ source }) => console.log('event from', source));
    node.members$.subscribe((event) => {
      if (event.kind !== 'snapshot') console.log(event.kind, event.member.name);
      console.log('sees', node.members().map((member) => member.name).sort().join());
    });
    const beat = setInterval(async () => {
      node.bus.publish('/beat', 1);
      for (const { node: at } of node.rpc.instances('echo')) {
        const said = await node.rpc.client(echo, { timeoutMs: 1000 }).echo('hi', { node: at }).catch((error) => error.code);
        console.log(at, said === 'hi ' + at ? 'answers hi ' + node.name : said);
      }
    }, 500);
    process.on('SIGTERM', async () => {
      clearInterval(beat);
      await node.stop();
    });
  `;
}

/** What the world sends to open ports. */
function hostileBytes(): Buffer[] {
  const setup = Buffer.from([0, 0, 4, 0, 0, 0, 0, 4, 0]);
  const random = Array.from({ length: 60 }, (_, index) =>
    Buffer.from(Array.from({ length: 1 + index * 20 }, () => Math.floor(Math.random() * 256))),
  );
  // A frame of a plausible length with any type and flags behind it.
  const framed = Array.from({ length: 64 }, (_, type) =>
    Buffer.concat([Buffer.from([0, 0, 16, 0, 0, 0, type % 3, (type << 2) & 255, type]), Buffer.alloc(10, type)]),
  );
  return [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('16030100f4010000f0030300', 'hex'),
    Buffer.from('100c00044d5154540400003c0000', 'hex'),
    setup,
    setup.subarray(0, 2),
    Buffer.from([0xff, 0xff, 0xff]),
    Buffer.concat([Buffer.from([0xff, 0xff, 0xff]), Buffer.alloc(100_000, 1)]),
    Buffer.alloc(1_048_576),
    Buffer.alloc(1_048_576, 0xff),
    Buffer.alloc(0),
    ...random,
    ...framed,
  ];
}

/** Sends and waits until the other side has ended it, or resets it after a moment: half a frame may wait for its rest. */
async function sendTcp(to: { readonly host: string; readonly port: number }, bytes: Buffer): Promise<void> {
  const socket = connect(to);
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.setTimeout(30, () => socket.resetAndDestroy());
  socket.write(bytes);
  await closed;
}

async function sendUdp(to: { readonly host: string; readonly port: number }, bytes: Buffer): Promise<void> {
  const socket = createSocket('udp4');
  const datagram = bytes.subarray(0, 60_000);
  await new Promise<void>((resolve) => {
    socket.send(datagram, to.port, to.host, () => resolve());
  });
  socket.close();
}
