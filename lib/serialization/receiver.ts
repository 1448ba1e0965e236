import { fromBytes } from './bytes'
import type { NamesReceived } from './call-names'
import { Decoder, type Receiving } from './decode'
import { exportOf, load } from './functions/importing'
import { KeptUnits } from './kept-units'
import { allAtHome } from './realm'
import type { Graph, Import, Node, PackedContents, Parcel, Slot, Unit, UnitContents } from './wire'

/** What one end of a call has received from the other, kept for as long as the call lasts. */
export class Received implements Receiving, NamesReceived {
  readonly #values = new Map<number, unknown>()
  readonly #ids = new Map<unknown, number>()
  readonly own: (id: number) => unknown

  /** @param own a value that this end sent, by its name */
  constructor(own: (id: number) => unknown) {
    this.own = own
  }

  known(id: number): unknown {
    if (!this.#values.has(id)) this.#makeLasting(id)
    return this.#values.get(id)
  }

  /** A function of which this end was sent the unit in an earlier call: it is made anew for each. */
  #makeLasting(id: number): void {
    const contents = kept.get(id)
    if (contents === undefined) throw new UnknownFunctionError(id)
    this.register(id, new Decoder({ nodes: contents.nodes, imports: [], beside: [] }, [], this).decode(contents.root))
  }

  has(id: number): boolean {
    return this.#values.has(id)
  }

  register(id: number, value: unknown): void {
    this.#values.set(id, value)
    this.#ids.set(value, id)
  }

  get size(): number {
    return this.#values.size
  }

  names(): Iterable<number> {
    return this.#values.keys()
  }

  /** The other end will not use these names again. */
  forget(names: readonly number[]): void {
    for (const name of names) {
      this.#ids.delete(this.#values.get(name))
      this.#values.delete(name)
    }
  }

  /** The name under which the other end sent this value. */
  idOf(value: unknown): number | undefined {
    return this.#ids.get(value)
  }

  /**
   * Makes ready for decoding: imports what the units and graphs refer to, then makes the functions of the units.
   * A promise only when something is imported for the first time.
   *
   * @throws UnloadableError when a module, or an export of it, cannot be had here; nothing was made then
   */
  open(units: readonly Unit[], parcels: readonly Parcel[], more: readonly Graph[] = []): Promise<void> | undefined {
    const graphs = [...more, ...parcels.flatMap((parcel) => ('graph' in parcel ? [parcel.graph] : []))]
    const contents = units.map((unit) => ({ ...unit, ...contentsOf(unit) }))
    const imports = [...contents, ...graphs].flatMap((graph) => graph.imports)
    const modules = imports.length === 0 ? [] : load(imports)
    const make = () => {
      for (const graph of [...contents, ...graphs]) if ('nodes' in graph) checkExports(graph)
      for (const unit of contents) this.#make(unit)
    }
    if (modules instanceof Promise) return modules.then(make)
    make()
  }

  #make(unit: Unit & UnitContents): void {
    const decoder = new Decoder(unit, loadedModules(unit.imports), this)
    const root = decoder.decode(unit.root)
    if (!this.has(unit.rootId)) this.register(unit.rootId, root)
  }

  /** What a task is called with, or gave: after `open`. */
  decode(parcel: Parcel): readonly unknown[] {
    if ('values' in parcel) return allAtHome(parcel.values)
    const { slots, nodes } = 'packed' in parcel ? (fromBytes(parcel.packed) as PackedContents) : unpacked(parcel)
    const graph = { nodes, imports: parcel.graph.imports, beside: parcel.graph.beside }
    const decoder = new Decoder(graph, loadedModules(graph.imports), this)
    return slots.map((slot) => decoder.decode(slot))
  }

  decodeSlots(slots: readonly Slot[], graph: Graph): unknown[] {
    const decoder = new Decoder(graph, loadedModules(graph.imports), this)
    return slots.map((slot) => decoder.decode(slot))
  }
}

/** A function that came in no unit: whoever names it has to send it. */
export class UnknownFunctionError extends Error {
  constructor(id: number) {
    super(`nothing was received under the name ${id}`)
  }
}

/** Of functions that come again, in other calls. Their names are those of one caller: a worker has no other. */
const kept = new KeptUnits<UnitContents>()

function contentsOf(unit: Unit): UnitContents {
  const contents = kept.get(unit.id) ?? (fromBytes(unit.bytes) as UnitContents)
  kept.add(unit, contents)
  return contents
}

const unpacked = ({ slots, graph }: { slots: readonly Slot[]; graph: Graph }): PackedContents => ({
  slots,
  nodes: graph.nodes,
})

/** Modules that `open` has loaded: this does not wait. */
function loadedModules(imports: readonly Import[]): readonly unknown[] {
  return imports.length === 0 ? [] : (load(imports) as unknown[])
}

function checkExports({ nodes, imports }: { nodes: readonly Node[]; imports: readonly Import[] }): void {
  if (imports.length === 0) return
  const modules = loadedModules(imports)
  for (const node of nodes) if (node[0] === 'imported') exportOf(imports[node[1]] as Import, modules[node[1]], node[2])
}
