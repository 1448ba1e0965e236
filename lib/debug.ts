import { debuglog } from 'node:util'

/** What `NODE_DEBUG=parfor:*` shows, by section. */
export const debug = {
  dispatch: section('parfor:dispatch'),
  workers: section('parfor:workers'),
  serialization: section('parfor:serialization'),
}

/** Whether it is shown is known from the start: what is not is to cost nothing. */
function section(name: string): (message: string, ...values: unknown[]) => void {
  const log = debuglog(name)
  return log.enabled ? log : () => {}
}
