import { types } from 'node:util'
import { isArrayBufferPrototype } from './plain-data'
import { isStandIn } from './stand-in'
import type { Node, Slot } from './wire'

/** A view that was sent with a part of its buffer. */
interface LoneView {
  readonly view: number
  readonly part: number
  readonly offset: number
}

/**
 * The views of one graph that go without the rest of their buffer, because nothing else in the graph uses that buffer.
 * When something else turns up that does, the view gets the whole buffer after all, so that they share it.
 */
export class LoneViews {
  #lone = new Map<ArrayBufferLike, LoneView>()
  readonly #nodes: Node[]

  constructor(nodes: Node[]) {
    this.#nodes = nodes
  }

  buffers(): Iterable<ArrayBufferLike> {
    return this.#lone.keys()
  }

  has(buffer: ArrayBufferLike): boolean {
    return this.#lone.has(buffer)
  }

  add(buffer: ArrayBufferLike, lone: LoneView): void {
    this.#lone.set(buffer, lone)
  }

  /** The buffer has a node of its own now. */
  widen(buffer: ArrayBufferLike, whole: number): void {
    const lone = this.#lone.get(buffer)
    if (!lone) return
    this.#lone.delete(buffer)
    this.#place(lone, [whole], lone.offset)
    this.#nodes[lone.part] = ['raw', undefined]
  }

  /** Remembers what there is; the result takes back what was done since. */
  mark(): () => void {
    const lone = new Map(this.#lone)
    const parts = [...lone.values()].map(({ part }) => this.#nodes[part] as Node)
    return () => {
      this.#lone = lone
      for (const [n, view] of [...lone.values()].entries()) {
        this.#nodes[view.part] = parts[n] as Node
        this.#place(view, [view.part], 0)
      }
    }
  }

  #place({ view }: LoneView, buffer: Slot, offset: number): void {
    const node = this.#nodes[view] as Extract<Node, readonly ['view', ...unknown[]]>
    node[2] = buffer
    node[3] = offset
  }
}

/** Whether much of what a buffer holds is out of a view's sight, and the buffer is nothing but bytes. */
export function leavesMuchOut({ buffer, byteLength }: NodeJS.ArrayBufferView): boolean {
  return buffer.byteLength - byteLength > SPARE && (isNothingButBytes(buffer) || isStandIn(buffer))
}

/** Whether a buffer is as long as it is, and has no properties. */
export function isNothingButBytes(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  if (!types.isArrayBuffer(buffer)) return false
  const { resizable } = buffer as { resizable?: boolean }
  return !resizable && isArrayBufferPrototype(Object.getPrototypeOf(buffer)) && Reflect.ownKeys(buffer).length === 0
}

/** So many bytes more cost nothing beside those of a message, and a view keeps its place in its buffer with them. */
const SPARE = 4096
