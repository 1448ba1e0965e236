import { type Names, walk } from './name-walker'
import { readShortArrow } from './short-arrow'
import { showsStrictness } from './shows-strictness'
import { type FunctionSource, parseFunction } from './source'

export type { FreeVariable, MemberChain, Reference } from './usage'

/** What a function's text tells about it. */
export interface Analysis extends Names {
  readonly source: FunctionSource
  /** Whether it can make a difference that the code is strict. */
  readonly showsStrictness: boolean
}

/**
 * Finds the free variables of a function.
 *
 * Cached by the text.
 *
 * @param text what `Function.prototype.toString` gives
 * @param isStrict whether the code around the function is strict. Asked only when the answer matters, which is rare:
 *   when a function declared in a block is used outside of it.
 * @throws SyntaxError as {@link parseFunction}
 */
export function analyse(text: string, isStrict: () => boolean = () => false): Analysis {
  const analysis = cached(text)
  return analysis.asStrict && isStrict() ? analysis.asStrict() : analysis
}

interface CachedAnalysis extends Analysis {
  /** Only when the text means something else in strict code. */
  readonly asStrict: (() => Analysis) | undefined
}

/** Texts are kept with what was found in them, up to this many characters; then the cache starts anew. */
const cacheSize = 4_000_000
const cache = new Map<string, CachedAnalysis>()
let cachedCharacters = 0

function cached(text: string): CachedAnalysis {
  const known = cache.get(text)
  if (known) return known
  if (cachedCharacters + text.length > cacheSize) {
    cache.clear()
    cachedCharacters = 0
  }
  const analysis = analyseBothWays(text)
  cache.set(text, analysis)
  cachedCharacters += text.length
  return analysis
}

function analyseBothWays(text: string): CachedAnalysis {
  const short = readShortArrow(text)
  if (short) return { ...short, showsStrictness: false, asStrict: undefined }
  const parsed = parseFunction(text)
  const { source } = parsed
  const { strictnessMatters, ...names } = walk(parsed, false)
  const shows = strictnessMatters || showsStrictness(parsed, names)
  let strict: Analysis | undefined
  const asStrict = () => {
    strict ??= { source, showsStrictness: shows, ...walk(parsed, true) }
    return strict
  }
  return { source, showsStrictness: shows, ...names, asStrict: strictnessMatters ? asStrict : undefined }
}
