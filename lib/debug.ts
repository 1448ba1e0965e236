import { debuglog } from 'node:util'

/** What `NODE_DEBUG=parfor:*` shows, by section. */
export const debug = {
  dispatch: debuglog('parfor:dispatch'),
  workers: debuglog('parfor:workers'),
  serialization: debuglog('parfor:serialization'),
}
