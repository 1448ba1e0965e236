// What the caller's end of a line needs to send tasks: one module, so that it can be loaded late.

export { setSentInCall } from './call-names'
export { placeOf } from './functions/capture'
export { LastingInCall } from './lasting-in-call'
export { setManagedAt } from './managed'
export { Message } from './message'
export { Received } from './receiver'
export { Sender } from './sender'
