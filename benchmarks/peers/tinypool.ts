import { piscinaLike } from './piscina'

export const tinypool = piscinaLike('tinypool', async () => (await import('tinypool')).Tinypool)
