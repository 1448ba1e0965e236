import type { Holder } from './functions/holders'
import type { FunctionWithVariables } from './functions/shared-variables'
import type { PlainDataScanner } from './plain-data'
import type { Unit } from './wire'

/** A unit, and what only its sender has to know. */
export interface UnitEntry extends Unit {
  /** Units that hold functions which this one refers to. */
  readonly needs: ReadonlySet<UnitEntry>
  /** The function that it was made for. */
  readonly root: Function
  /** Knows the objects in it. */
  readonly objects: PlainDataScanner
  readonly functions: readonly FunctionWithVariables[]
  /** Which of them one object holds. */
  readonly holders: readonly Holder[]
}
