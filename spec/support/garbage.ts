import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { settled } from './manual-backend'

setFlagsFromString('--expose-gc')
/** Collects garbage now, all that can be found at once. */
export const gc = runInNewContext('gc') as () => void

/** Lets garbage be collected until that shows, or ten times over; and tells whether it did. */
export async function collectGarbage(isShown: () => boolean): Promise<boolean> {
  let shows = isShown()
  for (let turn = 0; turn < 10 && !shows; turn += 1) {
    await settled()
    gc()
    shows = isShown()
  }
  await settled()
  return shows
}
