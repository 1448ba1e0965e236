import type { Captured } from './capture'
import { type Scope, valueIn } from './introspect'
import { isOfEval, type ScopePlace, scopePlaces } from './scope-places'

/** A scope of a function, as far as V8 and the text show which one it is. */
export interface Level extends ScopePlace {
  readonly scope: Scope
  /** The same for scopes that look alike. */
  readonly look: string
}

/** What scopes look like: where they are, the names in them, and the values. */
export class Looks {
  readonly #known = new Map<Scope, string>()
  readonly #numbers = new Map<unknown, number>()

  of({ details: { scriptId } }: Captured, scope: Scope): string {
    // There is only one of a module's; the others are a copy for each function.
    if (scope.type === 'Module') return `${scriptId} Module`
    return isOfNoScript(scope) ? this.anywhere(scope) : `${scriptId}\0${this.anywhere(scope)}`
  }

  /** The same for scopes that look alike, whatever script they are in. */
  anywhere(scope: Scope): string {
    let look = this.#known.get(scope)
    if (look === undefined) {
      look = this.#read(scope)
      this.#known.set(scope, look)
    }
    return look
  }

  /** The scopes of each function, from the outside in. */
  levels(functions: readonly Captured[]): ReadonlyMap<Captured, readonly Level[]> {
    const levels = new Map(functions.map((captured) => [captured, this.#levels(captured)]))
    if (!functions.some(isFromEval)) return levels
    const home = new Map<string, Level | 'one of several'>()
    for (const [captured, own] of levels) if (!isFromEval(captured)) for (const level of own) this.#note(level, home)
    for (const [captured, own] of levels) if (isFromEval(captured)) levels.set(captured, this.#atHome(own, home))
    return levels
  }

  #levels(captured: Captured): readonly Level[] {
    const places = scopePlaces(captured)
    const levels = captured.details.scopes.map((scope, n) => {
      const place = places[n] as ScopePlace
      return { ...place, scope, look: `${this.of(captured, scope)} ${place.site}` }
    })
    return levels.reverse()
  }

  #note(level: Level, home: Map<string, Level | 'one of several'>): void {
    const key = this.anywhere(level.scope)
    const other = home.get(key) ?? level
    home.set(key, other === 'one of several' || other.look !== level.look ? 'one of several' : other)
  }

  /** The text of an `eval` is a script of its own; the scopes around it are of the script where it was called. */
  #atHome(levels: readonly Level[], home: ReadonlyMap<string, Level | 'one of several'>): readonly Level[] {
    return levels.map((level) => {
      if (level.site !== undefined || isOfNoScript(level.scope)) return level
      const key = this.anywhere(level.scope)
      const known = home.get(key) ?? { ...level, look: key }
      return known === 'one of several' ? level : { ...known, scope: level.scope, repeats: true }
    })
  }

  #read({ type, object }: Scope): string {
    // What classic scripts declare is in one scope for all of them: each line typed into the REPL is a script.
    if (type === 'Script') return type
    if (type === 'Global') return `${type} ${this.#number(object)}`
    const names = Object.getOwnPropertyNames(object)
    return [type, ...names, ...names.map((name) => this.#number(valueIn(object, name)))].join('\0')
  }

  #number(value: unknown): number | string {
    if (Object.is(value, -0)) return '-0'
    let number = this.#numbers.get(value)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(value, number)
    }
    return number
  }
}

const isOfNoScript = ({ type }: Scope): boolean => type === 'Global' || type === 'Script'

export const isFromEval = ({ script }: Captured): boolean => script !== undefined && isOfEval(script)
