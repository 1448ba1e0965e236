import type * as acorn from 'acorn'

let loaded: typeof acorn | undefined

/** The parser, loaded when it is first needed: that takes 2 ms, and most workers never parse. */
export function parser(): typeof acorn {
  loaded ??= require('acorn') as typeof acorn
  return loaded
}
