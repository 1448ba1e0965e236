import * as util from 'node:util'

/** The file that this process was started with. Programs shift `argv`: it is read when this library is loaded. */
export const startedWith: string | undefined = process.mainModule?.filename ?? process.argv[1]

/** What Node 22 and later tell of a frame on the stack. */
interface CallSite {
  readonly scriptId: string
  readonly scriptName: string
}

const { getCallSites } = util as { getCallSites?: () => readonly CallSite[] }

/** False on Node 20, which does not tell. */
export const areCallersKnown = getCallSites !== undefined

let names: ReadonlyMap<string, string> | undefined

/** Notes, once, by which scripts this function is called: those of the first call are the ones that matter. */
export function noteCallers(): void {
  if (names !== undefined || getCallSites === undefined) return
  names = new Map(getCallSites().map(({ scriptId, scriptName }) => [scriptId, scriptName]))
}

/** The path or URL of a script that made the first call; `undefined` of any other. */
export function nameOfCaller(scriptId: string): string | undefined {
  return names?.get(scriptId)
}
