import type { Node, Slot } from './wire'

/** What a module's node is filled with while functions are found that use it. */
export interface ModuleNode {
  readonly index: number
  /** The slot of a member; again when a later function uses more of it. */
  set(key: string, slot: Slot): void
  /** What has the other members. */
  setRest(slot: Slot): void
}

type Filled = Extract<Node, readonly ['module', ...unknown[]]>

/**
 * The nodes of the modules that the functions of one graph use by their members. There is one for each module: what
 * one function writes there is what another reads.
 */
export class ModuleNodes {
  readonly #known = new Map<object, { readonly node: ModuleNode; readonly filled: Filled }>()
  readonly #nodes: Node[]

  constructor(nodes: Node[]) {
    this.#nodes = nodes
  }

  of(module: object): ModuleNode {
    let known = this.#known.get(module)
    if (!known) {
      known = this.#make()
      this.#known.set(module, known)
    }
    return known.node
  }

  /** Remembers what there is; the result takes away what came since. */
  mark(): () => void {
    const copies = [...this.#known].map(([module, { filled }]) => {
      const [, keys, values, , rest] = filled
      return { module, keys: [...keys], values: [...values], rest }
    })
    return () => {
      const before = new Map(copies.map((copy) => [copy.module, copy]))
      for (const [module, { filled }] of this.#known) {
        const copy = before.get(module)
        if (!copy) this.#known.delete(module)
        else [filled[1], filled[2], filled[4]] = [copy.keys, copy.values, copy.rest]
      }
    }
  }

  #make() {
    const filled: Filled = ['module', [], [], [], undefined]
    const index = this.#nodes.push(filled) - 1
    const node: ModuleNode = {
      index,
      set(key, slot) {
        const [, keys, values] = filled
        const at = keys.indexOf(key)
        if (at < 0) keys.push(key)
        values[at < 0 ? keys.length - 1 : at] = slot
      },
      setRest(slot) {
        filled[4] = slot
      },
    }
    return { node, filled }
  }
}
