/**
 * joblib is Python and is not run here. These are facts of joblib 1.6.0 with its default backend, loky, each of them seen
 * in its behaviour or read in its source, by fault; what is not here has no counterpart or was not looked at.
 */
export const name = 'joblib'
export const version = '1.6.0'

const terminated = '`TerminatedWorkerError`, of no task in particular; **all tasks of the call are lost**'

export const facts = {
  'exit 0': terminated,
  'exit 3': terminated,
  memory: terminated,
  timeout: '`TimeoutError`; the clock counts waiting; **all tasks of the call are lost**',
  abort: 'there is no way to',
  'function result': 'the function',
  'function argument': 'the result',
  'socket argument': '`PicklingError`',
  error: 'all of it; `BrokenProcessPool`, and **none of it**, when its constructor takes two arguments',
  'killed running': terminated,
  'killed idle': 'nothing',
  'ctrl-c': '`KeyboardInterrupt`',
  'not closed': 'the program ends',
  nested: '2 processes, 4 threads',
}
