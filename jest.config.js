/** What both projects leave alone: built files, caches, generated pages. */
const modulePathIgnorePatterns = [
  '<rootDir>/dist/',
  '<rootDir>/\\.dist-',
  '<rootDir>/.cache/',
  '<rootDir>/docs/reference/(?:api|programs)/',
]

/** @type {import('jest').Config} */
module.exports = {
  testSequencer: '<rootDir>/spec/support/longestFirst.js',
  globalSetup: '<rootDir>/spec/support/globalSetup.js',
  // Many specs start programs and compilers, several at once.
  testTimeout: 30_000,
  // The engine's debugger, which reads what functions capture, takes the longer the more scripts a process has loaded.
  workerIdleMemoryLimit: '250MB',
  // Not babel: its counters go into function source, and functions are sent to workers by their source.
  coverageProvider: 'v8',
  collectCoverageFrom: ['lib/**/*.ts', '!lib/embedded.ts'],
  coverageDirectory: 'coverage/main',
  coverageReporters: ['json', 'text'],
  reporters: ['default', '<rootDir>/spec/support/resultsReporter.js'],
  projects: [
    {
      displayName: 'spec',
      testEnvironment: 'node',
      testMatch: ['<rootDir>/spec/**/*.spec.ts'],
      // The main thread runs the source; workers run dist/parfor.worker.cjs, which globalSetup builds.
      transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.json' }] },
      moduleNameMapper: {
        '^parfor$': '<rootDir>/lib/index.ts',
        // An ES module, which Jest cannot require before Node 24.9: as it is compiled in.
        '^log-update$': '<rootDir>/dist/parfor.screen.cjs',
      },
      setupFilesAfterEnv: ['<rootDir>/spec/support/noLeaks.ts'],
      modulePathIgnorePatterns,
    },
    {
      displayName: 'docs',
      testEnvironment: 'node',
      testMatch: ['<rootDir>/README.md', '<rootDir>/docs/**/*.md'],
      moduleFileExtensions: ['js', 'cjs', 'json', 'node', 'md'],
      transform: { '\\.md$': '<rootDir>/spec/support/markdownTransform.js' },
      modulePathIgnorePatterns,
    },
  ],
}
