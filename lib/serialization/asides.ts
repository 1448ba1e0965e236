import type { Encoding, PutAside } from './encoding'
import { isNothingButBytes, type LoneViews, leavesMuchOut } from './lone-views'
import type { PlainDataScanner } from './plain-data'
import { isStandIn } from './stand-in'
import type { Node } from './wire'

/**
 * The buffers of one graph that go as shared memory, because an array of them is large. All that shows such a buffer in this
 * graph shows the memory then, whatever was met first.
 */
export class Asides {
  #places = new Map<ArrayBufferLike, number>()
  /** Nodes of buffers that were met before the array was. */
  readonly #replaced: [index: number, node: Node][] = []
  readonly #encoder: Pick<Encoding, 'graph' | 'node' | 'beside' | 'known'>
  readonly #loneViews: LoneViews
  readonly #scanner: PlainDataScanner
  readonly #policy: PutAside

  constructor(
    encoder: Pick<Encoding, 'graph' | 'node' | 'beside' | 'known'>,
    loneViews: LoneViews,
    scanner: PlainDataScanner,
    policy: PutAside,
  ) {
    this.#encoder = encoder
    this.#loneViews = loneViews
    this.#scanner = scanner
    this.#policy = policy
  }

  /** @param isBuffer whether it is a `Buffer`, which never shows the rest of its memory */
  put(view: NodeJS.ArrayBufferView, isBuffer: boolean): number | undefined {
    const { buffer, byteOffset, byteLength } = view
    const place = this.#places.get(buffer)
    if (place === undefined && (byteLength <= this.#policy.above || !canShare(buffer))) return undefined
    const before = place ?? this.#encoder.known(buffer)
    if (place === undefined && before !== undefined && !this.#isCopy(before)) return undefined
    const isMet = place === undefined && (before !== undefined || this.#loneViews.has(buffer))
    const isPart = !isMet && (isBuffer || leavesMuchOut(view))
    const [offset, length] = isPart ? [byteOffset, byteLength] : [0, buffer.byteLength]
    const shared = this.#share(buffer, offset, length)
    if (shared === undefined || place !== undefined) return place
    this.#scanner.noteInPart(buffer)
    const index = before === undefined ? this.#add(shared) : this.#replace(before, shared)
    this.#places.set(buffer, index)
    this.#loneViews.widen(buffer, index)
    return index
  }

  /** The place of a buffer that was put aside, with all of it. */
  whole(buffer: ArrayBufferLike): number | undefined {
    const place = this.#places.get(buffer)
    if (place !== undefined) this.#share(buffer, 0, buffer.byteLength)
    return place
  }

  #share(buffer: ArrayBufferLike, offset: number, length: number): SharedArrayBuffer | undefined {
    return isStandIn(buffer) ? buffer : this.#policy.share(buffer as ArrayBuffer, offset, length)
  }

  /** Remembers what there is; the result takes back what was done since. */
  mark(): () => void {
    const places = new Map(this.#places)
    const { length } = this.#replaced
    return () => {
      this.#places = places
      const { nodes } = this.#encoder.graph
      for (const [index, node] of this.#replaced.splice(length)) if (index < nodes.length) nodes[index] = node
    }
  }

  #isCopy(index: number): boolean {
    const kind = this.#encoder.graph.nodes[index]?.[0]
    return kind === 'buffer' || kind === 'snapshot'
  }

  #add(shared: SharedArrayBuffer): number {
    return this.#encoder.node('aside', [this.#encoder.beside(shared)])
  }

  #replace(index: number, shared: SharedArrayBuffer): number {
    const { nodes } = this.#encoder.graph
    this.#replaced.push([index, nodes[index] as Node])
    nodes[index] = ['aside', this.#encoder.beside(shared)]
    return index
  }
}

/** What a task was given as shared memory goes to its own tasks as that. */
const canShare = (buffer: ArrayBufferLike): boolean => isNothingButBytes(buffer) || isStandIn(buffer)
