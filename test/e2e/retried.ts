/**
 * These tests share two or three processors with control planes, so one that fails is tried once more. Which that was is
 * printed: one that is named again and again is a defect, of the test or of what it tests.
 */
export const mochaHooks = {
  afterEach(this: Mocha.Context) {
    const test = this.currentTest;
    if (test?.state === 'passed' && (test as unknown as { currentRetry(): number }).currentRetry() > 0)
      console.log(`      RETRIED: ${test.fullTitle()}`);
  },
};
