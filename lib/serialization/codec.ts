// What the two ends of a line need to send tasks and results.
export { Message } from './message'
export { Received } from './receiver'
export { Sender } from './sender'
export { TASK_FUNCTION, Trail } from './trail'
