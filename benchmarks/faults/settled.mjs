/** The outcome of what `start` begins, as `Promise.allSettled` has it; also when it throws at once. */
export async function settled(start) {
  try {
    return { status: 'fulfilled', value: await start() }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}
