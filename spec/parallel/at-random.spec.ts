import { shutdown } from '../../lib'
import { type Chaos, chaos } from './chaos'

/*
 * A failure names its round: PARFOR_SEED=123 runs that one alone. `npm run soak` runs them for ten minutes.
 */
const ROUNDS = 12
const SEED = process.env.PARFOR_SEED

describe('Calls at random', () => {
  let all: Chaos
  beforeAll(() => {
    all = chaos()
    // What tasks have left behind, and is told.
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  })
  afterAll(async () => {
    await shutdown()
    all[Symbol.dispose]()
    jest.restoreAllMocks()
  })

  it.each(SEED === undefined ? Array.from({ length: ROUNDS }, (_, n) => n + 1) : [Number(SEED)])(
    'give each task its result, or an error of its own (seed %i)',
    async (seed) => {
      expect(await all.round(seed)).toEqual([])
    },
    60_000,
  )
})
