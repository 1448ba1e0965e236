/** One place in the text that names a free variable. */
export interface Reference {
  readonly start: number
  readonly end: number
  /** `{ x }`: the name is also a property's, so an edit has to write `x: …`. */
  readonly shorthand: boolean
  /** `x()` and ``x`…` ``: an edit to a property would give the callee a `this`. */
  readonly called: boolean
  /** The first word of a statement in a list: an edit that begins with `(` would belong to the line before. */
  readonly startsStatement: boolean
}

/** `ns.a.b`: a use of a free variable that needs only this member of it. */
export interface MemberChain {
  readonly path: readonly string[]
  /** Whether it is called: its last object is then the `this` of the call. */
  readonly called: boolean
}

/** A name that a function uses but does not bind. */
export interface FreeVariable {
  readonly name: string
  readonly written: boolean
  /** Used as `typeof x` only, so it need not exist. */
  readonly typeofOnly: boolean
  /** Whether the value itself is used, not only members named by `chains`. */
  readonly whole: boolean
  /** Every different member chain, in the order of the text. */
  readonly chains: readonly MemberChain[]
  /** Whether it is needed while a class definition is evaluated, before the class exists. */
  readonly eager: boolean
  readonly references: readonly Reference[]
}

/** A free variable while its uses are collected. */
export class Usage implements FreeVariable {
  readonly name: string
  written = false
  typeofOnly = true
  whole = false
  eager = false
  readonly references: Reference[] = []
  readonly #chains = new Map<string, { path: readonly string[]; called: boolean }>()

  constructor(name: string) {
    this.name = name
  }

  get chains(): readonly MemberChain[] {
    return [...this.#chains.values()]
  }

  addChain(path: readonly string[], called: boolean): void {
    const key = path.join('\0')
    const known = this.#chains.get(key)
    if (known) known.called ||= called
    else this.#chains.set(key, { path, called })
  }
}

/** How an identifier is used in one place; nothing given is a plain read of the whole value. */
export interface Use {
  readonly access?: 'read' | 'write' | 'update' | 'typeof'
  /** Only these members are used. */
  readonly chains?: readonly (readonly string[])[] | undefined
  readonly called?: boolean
  readonly shorthand?: boolean
}
