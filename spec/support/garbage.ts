import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { settled } from './manual-backend'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Lets garbage be collected until that shows, or ten times over. */
export async function collectGarbage(isShown: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10 && !isShown(); turn += 1) {
    await settled()
    gc()
  }
  await settled()
}
