import { type ByteReader, ByteWriter } from '../core/bytes.js';
import { isWellFormed } from '../core/text.js';

/**
 * A shape: the keys of a plain object in their order, and what kind of value each has. Nested plain objects are part of it, so that
 * one number on the wire stands for all the keys of an event.
 */
export interface ObjectShape {
  readonly keys: readonly string[];
  readonly nodes: readonly ShapeNode[];
}

/** What stands under a key. */
export type ShapeNode = LeafKind | ObjectShape;

/** `int`: 32 bits, not -0. `any`: every value that is data, with a byte that says how it is written. */
export type LeafKind = 'int' | 'float' | 'text' | 'flag' | 'any';

/** One leaf of a shape, in the order of its keys. */
export interface ShapeLeaf {
  readonly kind: LeafKind;
  /** Where its part of the fixed columns begins. */
  readonly offset: number;
}

/** How the bytes of a shape lie: see `shape-encoder.ts`. */
export interface ShapeLayout {
  readonly leaves: readonly ShapeLeaf[];
  /** Length of what every value of the shape has. */
  readonly fixedBytes: number;
}

/** Shapes that one life of a sender may number: one byte names them, and a receiver holds a reader for each. */
export const shapesMax = 128;

/** The first number of a definition that is a shape; record definitions begin with a number of keys, which is at most 128. */
export const shapeMark = 255;

/** Form byte and number of the shape. */
export const shapeHeadBytes = 2;

/** Texts of at most so many units lie together in one run; longer ones would keep the whole run alive when they are kept. */
export const runTextMax = 64;

/** In the length column: the text is in the tail, as UTF-8. */
export const tailText = 255;

/** Describes a value; `undefined` when it is no plain object, has no leaf, or is beyond the bounds of a shape. */
export function describeShape(value: unknown): ObjectShape | undefined {
  const budget = { nodes: nodesMax, text: keyTextMax };
  const node = isPlainObject(value) ? describeObject(value, 0, budget) : undefined;
  return node !== undefined && layoutOf(node).leaves.length > 0 ? node : undefined;
}

/** A text that is the same for all shapes with the same keys in the same order, whatever the kinds of their leaves. */
export function signatureOf(shape: ObjectShape): string {
  let text = '{';
  for (const [index, key] of shape.keys.entries()) {
    const node = shape.nodes[index];
    // Lengths make it unambiguous, whatever characters keys have.
    text += `${key.length}:${key}`;
    if (typeof node === 'object') text += signatureOf(node);
  }
  return `${text}}`;
}

/** The narrowest shape that takes the values of both; they MUST have one signature. Returns `left` itself when it is that. */
export function joinShapes(left: ObjectShape, right: ObjectShape): ObjectShape {
  const nodes = left.nodes.map((node, index) => joinNodes(node, right.nodes[index] ?? 'any'));
  return nodes.some((node, index) => node !== left.nodes[index]) ? { keys: left.keys, nodes } : left;
}

/** Works out where each leaf lies. */
export function layoutOf(shape: ObjectShape): ShapeLayout {
  const leaves: ShapeLeaf[] = [];
  let offset = shapeHeadBytes;
  const visit = (node: ShapeNode): void => {
    if (typeof node === 'object') {
      node.nodes.forEach(visit);
      return;
    }
    leaves.push({ kind: node, offset });
    offset += columnBytes[node];
  };
  visit(shape);
  return { leaves, fixedBytes: offset };
}

/** The bytes of a definition. */
export function shapeToBytes(shape: ObjectShape): Uint8Array {
  const writer = new ByteWriter(256);
  writer.varint(shapeMark);
  writeNode(writer, shape);
  return writer.take();
}

/** Reads a definition behind its mark; `undefined` when it is malformed, beyond the bounds, or could harm an object. */
export function readShape(reader: ByteReader): ObjectShape | undefined {
  const budget = { nodes: nodesMax, text: keyTextMax };
  const node = readNode(reader, 0, budget);
  const isWhole = reader.ok && reader.remaining === 0;
  return isWhole && typeof node === 'object' && layoutOf(node).leaves.length > 0 ? node : undefined;
}

interface Budget {
  nodes: number;
  text: number;
}

/** Objects and leaves of one shape: above it generated code grows long and what it saves small. */
const nodesMax = 96;
/** UTF-16 units of all keys together. */
const keyTextMax = 2048;
/** Objects inside objects; deeper ones are leaves of kind `any`. */
const depthMax = 8;

const columnBytes: Readonly<Record<LeafKind, number>> = { int: 4, float: 8, text: 1, flag: 1, any: 0 };

const leafKinds: readonly LeafKind[] = ['any', 'int', 'float', 'text', 'flag'];
const objectCode = leafKinds.length;

function describeObject(value: object, depth: number, budget: Budget): ObjectShape | undefined {
  const keys: string[] = [];
  const nodes: ShapeNode[] = [];
  for (const key in value) {
    if (!takeKey(key, budget) || !isWellFormed(key) || !Object.hasOwn(value, key)) return undefined;
    const item: unknown = Reflect.get(value, key);
    const node = isPlainObject(item) && depth + 1 < depthMax ? describeObject(item, depth + 1, budget) : kindOf(item);
    if (node === undefined) return undefined;
    keys.push(key);
    nodes.push(node);
  }
  return { keys, nodes };
}

function takeKey(key: string, budget: Budget): boolean {
  budget.nodes -= 1;
  budget.text -= key.length;
  return budget.nodes >= 0 && budget.text >= 0 && key !== '__proto__';
}

function kindOf(value: unknown): LeafKind {
  if (typeof value === 'number') return (value | 0) === value && !Object.is(value, -0) ? 'int' : 'float';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'flag' : 'any';
}

/** The only objects that have shapes: of no class, and not without a prototype. */
export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function joinNodes(left: ShapeNode, right: ShapeNode): ShapeNode {
  if (typeof left === 'object') return typeof right === 'object' ? joinShapes(left, right) : 'any';
  if (left === right) return left;
  return (left === 'float' && right === 'int') || (left === 'int' && right === 'float') ? 'float' : 'any';
}

function writeNode(writer: ByteWriter, node: ShapeNode): void {
  if (typeof node !== 'object') {
    writer.u8(leafKinds.indexOf(node));
    return;
  }
  writer.u8(objectCode);
  writer.varint(node.keys.length);
  for (const [index, key] of node.keys.entries()) {
    writer.text(key);
    writeNode(writer, node.nodes[index] ?? 'any');
  }
}

function readNode(reader: ByteReader, depth: number, budget: Budget): ShapeNode | undefined {
  const code = reader.u8();
  if (code !== objectCode) return reader.ok ? leafKinds[code] : undefined;
  const count = reader.varint();
  if (depth >= depthMax || count > budget.nodes) return undefined;
  const keys = new Set<string>();
  const nodes: ShapeNode[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = reader.text(budget.text * 3);
    if (!reader.ok || !takeKey(key, budget) || keys.has(key)) return undefined;
    const node = readNode(reader, depth + 1, budget);
    if (node === undefined) return undefined;
    keys.add(key);
    nodes.push(node);
  }
  return { keys: [...keys], nodes };
}
