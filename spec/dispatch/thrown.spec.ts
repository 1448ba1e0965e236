import { runInNewContext } from 'node:vm'
import { asError } from '../../lib/dispatch/thrown'
import { TaskError } from '../../lib/errors'

describe('asError', () => {
  it.each([
    ['an error', new RangeError('no')],
    ['an error of another realm', runInNewContext('new TypeError("there")')],
    ['an error of a class that another realm made', runInNewContext('new (class Own extends Error {})("there")')],
    ['an AggregateError', new AggregateError([])],
    ['an error of ES5', Object.create(Error.prototype)],
    ['an abort', new DOMException('gone', 'AbortError')],
  ])('leaves %s as it is', (_, error) => {
    expect(asError(error, 0, 'f')).toBe(error)
  })

  it.each([
    [undefined, 'Task 3 (score) threw undefined, which is not an error'],
    [null, 'Task 3 (score) threw null, which is not an error'],
    ['no', "Task 3 (score) threw 'no', which is not an error"],
    [{ code: 1 }, 'Task 3 (score) threw { code: 1 }, which is not an error'],
  ])('puts %p into a TaskError', (thrown, message) => {
    const error = asError(thrown, 3, 'score')
    expect(error).toBeInstanceOf(TaskError)
    expect(error).toMatchObject({ message, code: 'PARFOR_TASK', cause: thrown })
    expect('cause' in error).toBe(true)
  })

  it('says nothing of a name that there is not', () => {
    expect(asError(1, 3, '')).toMatchObject({ message: 'Task 3 threw 1, which is not an error' })
  })
})
