/** The worker program as text, written here in dist/ by `scripts/build.mjs`. In a source checkout there is none. */
export const workerSource: string | undefined = undefined as string | undefined
