/**
 * Simulated rooms, each a real MQTT client: it reports temperature and humidity, and switches its fan when told to. Nothing here
 * knows of scalebus; any device that speaks MQTT could stand in its place.
 */
import mqtt, { type MqttClient } from 'mqtt';

/** How many rooms, and where they report. */
export interface FleetOptions {
  /** For instance `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  readonly count: number;
  /** @defaultValue 1000 */
  readonly reportEveryMs?: number;
}

/** Rooms that are running. */
export interface Fleet {
  readonly connected: number;
  readonly reports: number;
  readonly commands: number;
  /** Says good-bye for every room. */
  stop(): Promise<void>;
}

/** Starts the rooms. They connect by themselves, and again whenever the gateway comes back. */
export function startFleet(options: FleetOptions): Fleet {
  const { count, reportEveryMs = 1000 } = options;
  const rooms = Array.from({ length: count }, (_, index) => {
    // Rooms that all report at the same moment would look like one.
    return new RoomDevice(`r${index + 1}`, { ...options, reportEveryMs, offsetMs: (reportEveryMs * index) / count });
  });
  return {
    get connected() {
      return rooms.filter((room) => room.connected).length;
    },
    get reports() {
      return rooms.reduce((sum, room) => sum + room.reports, 0);
    },
    get commands() {
      return rooms.reduce((sum, room) => sum + room.commands, 0);
    },
    stop: async () => {
      await Promise.all(rooms.map((room) => room.stop()));
    },
  };
}

/**
 * The air of one room. Machines warm it towards 34 degrees, a running fan pulls it towards 19; each way it goes on exponentially, as
 * rooms do. The water in the air stays what it is, so relative humidity falls as the air gets warmer (Magnus' formula).
 */
export class RoomAir {
  fan = false;
  #temperature: number;
  /** Pressure of the water vapour, in hectopascal. */
  readonly #vapour: number;

  constructor(temperature: number, humidityPercent: number) {
    this.#temperature = temperature;
    this.#vapour = (saturation(temperature) * humidityPercent) / 100;
  }

  /** Degrees Celsius. */
  get temperature(): number {
    return this.#temperature;
  }

  get humidityPercent(): number {
    return Math.min(100, (this.#vapour / saturation(this.#temperature)) * 100);
  }

  /** Lets time pass. `draught` of about -1 to 1 is the weather: doors, sun, people. */
  pass(elapsedMs: number, draught: number): void {
    const [target, tauMs] = this.fan ? [19, 12_000] : [34, 30_000];
    const share = 1 - Math.exp(-elapsedMs / tauMs);
    this.#temperature += (target - this.#temperature) * share + draught * Math.sqrt(elapsedMs) * 0.003;
  }
}

/** Pressure of saturated water vapour in hectopascal, at degrees Celsius. */
function saturation(temperature: number): number {
  return 6.112 * Math.exp((17.62 * temperature) / (243.12 + temperature));
}

class RoomDevice {
  readonly #id: string;
  readonly #client: MqttClient;
  readonly #air = new RoomAir(20 + Math.random() * 7.5, 35 + Math.random() * 25);
  readonly #reportEveryMs: number;
  #timer: NodeJS.Timeout;
  #passedAtMs = Date.now();
  reports = 0;
  commands = 0;

  constructor(
    id: string,
    options: { readonly url: string; readonly reportEveryMs: number; readonly offsetMs: number },
  ) {
    this.#id = id;
    this.#reportEveryMs = options.reportEveryMs;
    this.#client = mqtt.connect(options.url, {
      protocolVersion: 5,
      clientId: `room-${id}`,
      reconnectPeriod: 500,
      // Reports that nobody could take are stale by the time that somebody can.
      queueQoSZero: false,
      will: { topic: `room/${id}/event/vanished`, payload: Buffer.from('{}'), qos: 0, retain: false },
    });
    this.#client.on('connect', () => {
      this.#client.subscribe(`room/${id}/command/+`, { qos: 1 });
    });
    this.#client.on('message', (topic, payload) => this.#onCommand(topic, payload));
    // MQTT.js tries again; that the gateway is away is what the demo shows.
    this.#client.on('error', () => undefined);
    this.#timer = setTimeout(() => this.#tick(), options.offsetMs);
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#client.endAsync();
  }

  #tick(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#reportEveryMs);
    this.#report();
  }

  #report(): void {
    const nowMs = Date.now();
    this.#air.pass(nowMs - this.#passedAtMs, Math.random() + Math.random() - 1);
    this.#passedAtMs = nowMs;
    if (!this.#client.connected) return;
    const { temperature, humidityPercent, fan } = this.#air;
    this.#say('report', { temperature: round(temperature), humidity: round(humidityPercent), fan });
    this.reports += 1;
  }

  #onCommand(topic: string, payload: Buffer): void {
    const command: unknown = JSON.parse(payload.toString());
    const { id, on } = readCommand(command);
    if (id === undefined) return;
    this.commands += 1;
    if (topic !== `room/${this.#id}/command/fan` || on === undefined) {
      this.#say('reply', { id, error: 'a room knows the command fan, with on: true or false' });
      return;
    }
    this.#air.fan = on;
    this.#say('reply', { id, output: { on } });
    this.#report();
  }

  #say(what: 'report' | 'reply', body: object): void {
    this.#client.publish(`room/${this.#id}/${what}`, JSON.stringify(body), { qos: what === 'reply' ? 1 : 0 });
  }
}

/** What a command holds, as far as a room understands it. */
function readCommand(command: unknown): { readonly id: string | undefined; readonly on: boolean | undefined } {
  if (typeof command !== 'object' || command === null || !('id' in command)) return { id: undefined, on: undefined };
  const input = 'input' in command ? command.input : undefined;
  const on = typeof input === 'object' && input !== null && 'on' in input ? input.on : undefined;
  return { id: String(command.id), on: typeof on === 'boolean' ? on : undefined };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
