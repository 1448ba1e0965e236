import { ThreadsBackend } from '../../../lib/backends/threads/threads-backend'
import { describeBackend } from '../conformance'

describe('ThreadsBackend', () => {
  describeBackend(() => new ThreadsBackend({ idleTimeout: 300_000 }, {}))
})
