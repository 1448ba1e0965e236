import { checkPreDispatch } from '../../lib/config/pre-dispatch'

describe('checkPreDispatch', () => {
  it.each([
    [12, 12],
    [1.5, 1],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['all', Number.POSITIVE_INFINITY],
    ['2*nJobs', 8],
    ['2 * nJobs', 8],
    ['1.5*nJobs', 6],
    ['0.3*nJobs', 1],
    ['nJobs', 4],
    [(nJobs: number) => nJobs + 1, 5],
  ])('reads %p as %p batches for four workers', (preDispatch, batches) => {
    expect(checkPreDispatch(preDispatch)(4)).toBe(batches)
  })

  it.each([0, 0.5, -1, Number.NaN, '0*nJobs'])('refuses %p: nothing could happen', (preDispatch) => {
    expect(() => checkPreDispatch(preDispatch)).toThrow(RangeError)
  })

  it.each(['0.2*nJobs', () => 0, () => Number.NaN])('refuses %p for four workers', (preDispatch) => {
    expect(() => checkPreDispatch(preDispatch)(4)).toThrow(RangeError)
  })

  it.each(['2*n_jobs', '2+nJobs', 'process.exit()', '', null, {}, true, ['all']])('does not read %p', (preDispatch) => {
    expect(() => checkPreDispatch(preDispatch)).toThrow(TypeError)
    expect(() => checkPreDispatch(preDispatch)).toThrow("'2*nJobs'")
  })

  it('refuses what a function returns, when it is no number', () => {
    expect(() => checkPreDispatch(() => '8')(4)).toThrow(TypeError)
  })
})
